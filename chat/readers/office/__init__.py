"""The text of office files: OOXML and OpenDocument."""
