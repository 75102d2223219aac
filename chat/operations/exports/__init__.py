"""Exports of a conversation: as Markdown, as exact JSON, with its files."""
