"""What a worker needs from its host: capacity, mounted folders, environment, exit codes, sandbox."""
