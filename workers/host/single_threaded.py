"""Limits every numerical library of the process to one thread. Import it before any of them."""

import os

from workers.host.environment import THREADS

os.environ.update(THREADS)
