"""How a process ended, in words."""

import signal


def describe_exit(code: int) -> str:
    """By what `subprocess` gives as its return code: "by SIGSEGV", "with exit code 1"."""
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
