"""What the message field offers: assistants and models, tools, a welcome, and the price of a message."""
