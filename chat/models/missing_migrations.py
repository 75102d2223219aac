"""Whether the database lacks migrations of this version."""

import sys
import threading
import time

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# A migration stays applied, unless an operator restores an older database while this process runs.
REMEMBERED_SECONDS = 60.0
_seen_whole_at = -REMEMBERED_SECONDS
_one_at_a_time = threading.Lock()  # of two probes at once, one would drop what the other is loading


def are_missing(*, remembered: bool = False) -> bool:
    """Return whether a migration was not applied. With `remembered`, that none was missing holds for a minute.

    The modules that this loads are dropped again: a megabyte that a web process reads for nothing else.
    """
    global _seen_whole_at  # noqa: PLW0603 - one for the process: so is its database
    with _one_at_a_time:
        if remembered and time.monotonic() < _seen_whole_at + REMEMBERED_SECONDS:
            return False
        before = frozenset(list(sys.modules))  # a list first: other threads may import meanwhile
        executor = MigrationExecutor(connection)
        missing = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        for name in frozenset(list(sys.modules)) - before:
            _drop_migrations(name)
        if not missing:
            _seen_whole_at = time.monotonic()
        return missing


def _drop_migrations(name: str) -> None:
    package, _, own = name.rpartition(".")
    if package.endswith(".migrations") or own == "migrations":
        del sys.modules[name]
        if package in sys.modules:
            vars(sys.modules[package]).pop(own, None)
