"""The bodies that programs send and get: their fields, and how rows become them."""
