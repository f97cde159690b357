"""Broker, jobs, worker processes and the order of the main job."""

import os

# RQ reads it once, when it is imported. A Redis may serve other programs' RQ too: our keys are told apart by it.
os.environ["RQ_KEY_PREFIX"] = "music-catalog"
