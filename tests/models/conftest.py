"""Both databases for the tests of constraints."""

from tests.operations.conftest import any_database

__all__ = ["any_database"]
