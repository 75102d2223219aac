"""Fixtures of the operations' tests that inputs of strangers need too."""

from tests.operations.conftest import any_database

__all__ = ["any_database"]
