"""What every request passes before a view, and the addresses for machines: limits, delivery, health."""
