"""`catalog models`."""
