"""The vocabulary: terms, aliases, normalising, broader terms."""
