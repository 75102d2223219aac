"""How connections are reached: one SDK client per connection and event loop, and what their failures mean."""
