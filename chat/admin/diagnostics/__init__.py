"""Conversations, feedback, turns, tool calls, files and frames: read only."""

from chat.admin.diagnostics import attachments, conversations, feedback, frames, tool_calls, turns

__all__ = ["attachments", "conversations", "feedback", "frames", "tool_calls", "turns"]
