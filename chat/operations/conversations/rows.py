"""Rows of a query, one after another, without holding all of them."""

from collections.abc import Iterator
from typing import TypeVar

from django.db import connections, models, transaction

Row = TypeVar("Row", bound=models.Model)
PIECE = 50


def read_in_pieces(rows: "models.QuerySet[Row]") -> Iterator[Row]:
    """Yield the rows of one query.

    On PostgreSQL they come through a cursor of a transaction, which works behind a pooler too. On SQLite a transaction
    would keep others from writing.
    """
    if connections[rows.db].vendor == "sqlite":
        yield from rows.iterator(chunk_size=PIECE)
        return
    with transaction.atomic(using=rows.db):
        yield from rows.iterator(chunk_size=PIECE)
