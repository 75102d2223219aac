"""The events of a turn: payloads, the state they fold into, the durable store, and hints to other processes."""
