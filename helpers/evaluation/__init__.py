"""How IAM decides: pure, nothing here calls AWS."""
