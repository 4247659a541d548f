"""What AWS's answer means: the live account read and decided, in words, and whether waiting will help."""
