"""Hyperparameter search: candidates, trials, successive halving."""
