"""Tables, views, sessions and column types."""
