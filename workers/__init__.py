"""Background analysis: message broker, job queue, worker processes and the pool that supervises them."""

import os

# RQ reads the prefix when it is imported. It separates our keys from those of other RQ programs on the same Redis.
os.environ["RQ_KEY_PREFIX"] = "music-catalog"
