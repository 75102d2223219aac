"""Both databases for the tables' tests."""

from tests.operations.conftest import any_database, postgres_template

__all__ = ["any_database", "postgres_template"]
