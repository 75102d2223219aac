"""Both databases for the tables' tests."""

from tests.operations.conftest import any_database

__all__ = ["any_database"]
