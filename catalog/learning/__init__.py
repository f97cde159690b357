"""Learning: snapshots, folds, classifiers, evaluation, registry, prediction, zero-shot."""
