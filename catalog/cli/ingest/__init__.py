"""`catalog ingest`."""
