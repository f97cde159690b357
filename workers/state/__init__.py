"""Worker state in SQL: claims, heartbeats, failures, progress."""
