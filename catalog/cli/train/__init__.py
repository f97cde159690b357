"""`catalog train`."""
