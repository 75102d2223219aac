"""The browser's pages: parse, ask access, one call, render."""
