"""The vocabulary: terms, aliases, normalizing, broader terms."""
