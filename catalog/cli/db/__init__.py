"""`catalog db`."""
