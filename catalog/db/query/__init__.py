"""Read-only SQL queries and their result files."""
