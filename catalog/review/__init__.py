"""Review: cases, decisions and their undo, leases, reviewers, and the audit sample."""
