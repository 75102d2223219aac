"""Tools that are Python functions."""

import importlib
import os
from collections.abc import Callable
from typing import Any

_registered: dict[str, Callable[..., Any]] = {}


def tool(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function as a tool."""
    return _registered.setdefault(function.__name__, function)


def registered() -> dict[str, Callable[..., Any]]:
    """Return every registered tool by name."""
    for module in filter(None, os.environ.get("TOOL_MODULES", "").split(",")):
        importlib.import_module(module)
    return dict(_registered)
