"""Exports of chat services: the conversations in them, one at a time, in one common form."""
