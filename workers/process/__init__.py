"""The worker process: RQ worker, jobs, analysis of one track."""
