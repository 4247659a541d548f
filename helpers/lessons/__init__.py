"""What the notebooks show around a call."""
