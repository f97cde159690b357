"""The pool of worker processes that a command starts and supervises."""
