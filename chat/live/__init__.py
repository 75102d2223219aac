"""The socket: events of turns for browsers and programs, as they happen and as they were."""
