"""Doubt: label issues, suspects and cases."""
