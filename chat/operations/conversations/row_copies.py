"""Copy rows of a table inside the database: one statement, however many rows and however long their texts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, models

_SQLITE = """
INSERT INTO {table} ({columns})
SELECT {values} FROM json_each(%s) AS wanted JOIN {table} AS source ON source.{key} = {of}
"""
_POSTGRES = """
INSERT INTO {table} ({columns})
SELECT {values} FROM json_array_elements(CAST(%s AS json)) AS wanted(value)
JOIN {table} AS source ON source.{key} = {of}
"""


def copy_rows(
    model: type[models.Model], rows: Iterable[tuple[Any, Mapping[str, Any]]], *, emptied: Iterable[str] = ()
) -> None:
    """Insert copies of rows: pairs of a primary key and the columns that change, among them the new key.

    `rows` name columns by attribute ("parent_id"); a column that a row does not name is copied. Columns in `emptied`
    become NULL. All changed columns hold identifiers or texts.
    """
    table: Any = model._meta  # every table has one primary key column
    wanted = [{"of": _stored(table.pk, key), **_changes(table, changes)} for key, changes in rows]
    if not wanted:
        return
    fields = [field for field in table.local_concrete_fields if field.attname not in emptied]
    changed = {name for row in wanted for name in row}
    quote = connection.ops.quote_name
    values = [
        f"COALESCE({_from_json(field, field.attname)}, source.{quote(field.column)})"
        if field.attname in changed
        else f"source.{quote(field.column)}"
        for field in fields
    ]
    statement = _SQLITE if connection.vendor == "sqlite" else _POSTGRES
    sql = statement.format(
        table=quote(table.db_table),
        columns=", ".join(quote(field.column) for field in fields),
        values=", ".join(values),
        key=quote(table.pk.column),
        of=_from_json(table.pk, "of"),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(wanted)])


def _changes(table: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    fields = {field.attname: field for field in table.local_concrete_fields}
    return {name: _stored(fields[name], value) for name, value in changes.items()}


def _stored(field: Any, value: Any) -> str | None:
    stored = field.get_db_prep_save(value, connection)
    return None if stored is None else str(stored)


def _from_json(field: Any, name: str) -> str:
    """Return the SQL of a value of the row that is wanted, in the type of a field's column."""
    if connection.vendor == "sqlite":
        return f"json_extract(wanted.value, '$.{name}')"
    return f"CAST(wanted.value->>'{name}' AS {field.db_type(connection)})"
