"""Schema: migrations, views, constraints and integrity checks."""
