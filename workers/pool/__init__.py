"""The worker pool and its supervisor."""
