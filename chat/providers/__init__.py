"""Access to connections: one SDK client per connection and event loop, and the meaning of their failures."""
