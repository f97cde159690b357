"""The genre vocabulary: terms, aliases, normalization, parents."""
