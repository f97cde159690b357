"""Predictions: inference and the rows that store it."""
