"""What brings tracks in: folder scan, file tags, label files."""
