"""Cluster audit: clusters of feature vectors compared with the labels."""
