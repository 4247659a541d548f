"""What the tutorial made in an account, and how it is taken out again."""
