"""Helpers of the IAM role tutorial: the boto3 logic that the notebooks call, and the sandbox they run against."""
