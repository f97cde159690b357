"""Termination with the parent process, even if the parent was killed."""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
POLL_INTERVAL = 0.5


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """Sends the signal to this process as soon as its parent, with process id `parent`, has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    else:
        threading.Thread(target=_poll_parent, args=(parent, number), daemon=True).start()
    if os.getppid() != parent:
        # The parent ended before the request took effect.
        os.kill(os.getpid(), number)


def _poll_parent(parent: int, number: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_INTERVAL)
    os.kill(os.getpid(), number)
