"""What the Messages API refuses of a request."""
