"""`catalog review`."""
