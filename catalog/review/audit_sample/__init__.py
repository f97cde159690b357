"""Audit sample: random tracks, judged blind, that measure label errors, suspects and the model."""
