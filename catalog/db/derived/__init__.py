"""Rows that are computed from other rows and kept equal to them."""
