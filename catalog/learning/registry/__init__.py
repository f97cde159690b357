"""The model registry: models, artifacts, the active model."""
