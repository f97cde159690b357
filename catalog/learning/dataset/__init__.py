"""Training sets: labeled tracks, feature matrices, folds, classes, snapshots."""
