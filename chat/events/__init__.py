"""A turn's events: their payloads, the state they fold into, their durable store, and hints to other processes."""
