"""Genre tags by file format."""
