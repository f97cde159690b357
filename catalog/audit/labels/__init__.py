"""Label audit: suspects, their evidence and cases."""
