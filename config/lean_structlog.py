"""Imports structlog without the optional packages that it would load: twisted and rich, 8 MiB in each process.

Both are installed for other programs (daphne, development), and no line of the log needs them. Imported by
`config.settings` before anything imports structlog.
"""

import importlib
import sys

UNUSED = ("structlog.twisted", "rich")

_absent = [name for name in UNUSED if name not in sys.modules]
for _name in _absent:
    sys.modules[_name] = None  # type: ignore[assignment]  # Python's way to say that a module can't be imported
importlib.import_module("structlog")
for _name in _absent:
    sys.modules.pop(_name, None)
