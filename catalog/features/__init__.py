"""Stored feature sets and feature vectors."""
