"""Limits every numerical library of the process to one thread. Import it before any of them."""

import os

from workers.host.worker_env_vars import THREADS

os.environ.update(THREADS)
