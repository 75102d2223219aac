"""The request behind a path: frame, tools, attachments, cache breakpoints, compaction, token counts."""
