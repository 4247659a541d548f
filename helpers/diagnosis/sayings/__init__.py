"""What AWS's services and programs say in words of their own, by where they say it."""
