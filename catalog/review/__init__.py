"""Decide: cases, decisions and their undo, leases, reviewers, the check sample, and tags written back to files."""
