"""Feature sets: named, versioned recipes from samples to a vector."""
