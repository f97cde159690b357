"""Playback and pictures of tracks."""
