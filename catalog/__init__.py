"""A database-backed music catalog: ingest a collection, query its genres in SQL, find wrong tags."""
