"""Conversations and messages: their path, their thread, what a person sends, who answers."""
