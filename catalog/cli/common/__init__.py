"""Helpers shared by the commands: context, output, options, exit codes."""
