"""Conversations, their messages, turns and files, and what people do with them."""
