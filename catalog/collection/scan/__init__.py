"""Folder scan: file tags and track rows."""
