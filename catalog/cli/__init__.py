"""The command line: one thin click module per verb."""
