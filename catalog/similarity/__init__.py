"""Nearest neighbors of feature vectors, and duplicates."""
