"""Duplicate audit."""
