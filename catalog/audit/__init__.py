"""Audits of labels: label issues, clusters and duplicates, stored as suspects and cases."""
