"""CSV reading with line-level errors."""
