"""Evaluation metrics and baselines."""
