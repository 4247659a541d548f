"""What rides along with every boto3 client of the tutorial."""
