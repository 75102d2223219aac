"""The checks after which the Messages API refuses a request."""
