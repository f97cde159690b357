"""The host of a worker: capacity, sandbox, root mapping, exit codes, options."""
