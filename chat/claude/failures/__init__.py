"""Failures of API calls: reading them from bodies and headers, making them safe to keep, and when to try again."""
