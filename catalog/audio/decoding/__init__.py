"""Decoding: media files to mono float32 samples."""
