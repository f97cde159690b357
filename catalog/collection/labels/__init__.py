"""Import of genre labels from CSV files."""
