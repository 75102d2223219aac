"""Journeys that span rows: synchronous, transactional, one module each. Interfaces call one of them and render."""
