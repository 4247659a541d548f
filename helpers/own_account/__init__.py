"""The learner's own AWS account: opened with care, asked what is allowed in it, and guarded."""
