"""Standardization, nearest neighbors and duplicates of feature vectors."""
