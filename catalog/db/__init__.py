"""The database: connections, tables, views, queries, backup and copy."""
