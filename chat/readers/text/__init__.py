"""Texts in unknown encodings."""
