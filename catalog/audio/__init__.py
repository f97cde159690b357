"""Decoding and feature sets: files and arrays in, arrays out."""
