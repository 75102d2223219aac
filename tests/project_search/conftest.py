"""Both databases, as for the operations."""

from tests.operations.conftest import any_database

__all__ = ["any_database"]
