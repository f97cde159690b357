"""`catalog audit`."""
