"""The browser's pages. A view parses, checks access, calls one operation and renders."""
