"""Deleting conversations: at first hidden, so that it can be undone, then for good."""
