"""Brings SQLite's database back to what the migrations made, after a test that committed.

Django deletes the rows of all tables and asks every app for its first rows again; copying the pages of a kept copy back
takes a fraction of that time.
"""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import TransactionTestCase


@contextlib.contextmanager
def restored_from_copy() -> Iterator[None]:
    """Restore the database from a copy of its present state after each test that commits."""
    with contextlib.closing(sqlite3.connect(":memory:")) as copy, pytest.MonkeyPatch.context() as patch:
        connection.ensure_connection()
        connection.connection.backup(copy)

        def restore(_test: TransactionTestCase) -> None:
            connection.ensure_connection()
            copy.backup(connection.connection)

        patch.setattr(TransactionTestCase, "_fixture_teardown", restore)
        yield
