"""Command line: the program in `main`, one click module per command."""
