"""What AWS refuses before it changes anything: parameters, policy documents, and the rules of IAM and S3."""
