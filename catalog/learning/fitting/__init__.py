"""Fitting: cross-fit, calibration, abstention, out-of-distribution, label shift."""
