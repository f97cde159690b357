"""Imports of tracks and statements: folder scan, labels files, data sets, feature vectors."""
