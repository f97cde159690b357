"""Environment variables that a worker process is started with."""

DATABASE_URL, BROKER_URL = "CATALOG_DATABASE_URL", "CATALOG_REDIS_URL"
MODELS = "CATALOG_MODELS"
"""The folder of model artifacts."""
