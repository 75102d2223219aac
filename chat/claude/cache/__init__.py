"""Prompt caching: where breakpoints go, what is reused, and why a request read less than it could have."""
