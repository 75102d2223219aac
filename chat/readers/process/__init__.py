"""The process that reads: it is started for one job, limited and ended."""
