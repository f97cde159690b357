"""Broker, jobs, worker processes and the order of the main job."""
