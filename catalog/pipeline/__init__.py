"""The pipeline of `catalog ingest`."""
