"""The processes that run beside the web server on a single machine, and their supervisor."""
