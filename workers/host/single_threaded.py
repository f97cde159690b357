"""Importing this first keeps every numerical library of the process at one thread: more speed is more workers."""

import os

from workers.host.environment import THREADS

os.environ.update(THREADS)
