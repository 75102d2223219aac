"""From a frame and a path of messages to the arguments of `messages.create`."""
