"""Imports of conversations from exports of other services and of Parley."""
