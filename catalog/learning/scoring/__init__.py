"""Scores of a model: cross-validated, against the active model, feature importance."""
