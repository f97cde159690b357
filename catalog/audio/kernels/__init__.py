"""Signal kernels: spectra, filter banks and the features computed from them."""
