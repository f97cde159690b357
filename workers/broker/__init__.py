"""The broker (Redis, or an embedded Valkey) and the job queue."""
