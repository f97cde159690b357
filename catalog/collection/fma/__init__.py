"""Import of the Free Music Archive's metadata."""
