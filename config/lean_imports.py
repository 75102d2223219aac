"""Imports packages without parts that Parley doesn't use: 13 MiB in a web process, and 20 where tests are installed."""

import importlib
import importlib.util
import sys
from types import ModuleType


def import_without(name: str, *unused: str) -> ModuleType:
    """Import a module as it loads where `unused` are not installed. Others can still import these.

    It has to be the first import of the module.
    """
    absent = [one for one in unused if one not in sys.modules]
    for one in absent:
        sys.modules[one] = None  # type: ignore[assignment]  # Python's way to say that a module can't be imported
    try:
        return importlib.import_module(name)
    finally:
        for one in absent:
            sys.modules.pop(one, None)


def import_alone(name: str) -> None:
    """Import a module of a package without what the package itself imports, unless that is loaded already."""
    package = name.rpartition(".")[0]
    spec = importlib.util.find_spec(package)
    if package in sys.modules or spec is None:
        return
    sys.modules[package] = importlib.util.module_from_spec(spec)
    try:
        importlib.import_module(name)
    finally:
        del sys.modules[package]
