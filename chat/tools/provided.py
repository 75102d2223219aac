"""Definitions of the tools that the provider runs, in its format, ready for staff to enable.

Direct search and fetch (not from within code) works on every model that supports search.
"""

from collections.abc import Mapping
from typing import Any

# By the row's name: (title, definition).
PROVIDED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "web_search": (
        "Web search",
        {
            "type": "web_search_20260318",
            "name": "web_search",
            "max_uses": 5,
            "allowed_callers": ["direct"],
        },
    ),
    "web_search_basic": (
        "Web search (older models, other platforms)",
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
    ),
    "web_fetch": (
        "Web fetch",
        {
            "type": "web_fetch_20260318",
            "name": "web_fetch",
            "max_uses": 5,
            "max_content_tokens": 50_000,
            "citations": {"enabled": True},
            "allowed_callers": ["direct"],
        },
    ),
    "web_fetch_basic": (
        "Web fetch (older models)",
        {
            "type": "web_fetch_20250910",
            "name": "web_fetch",
            "max_uses": 5,
            "max_content_tokens": 50_000,
            "citations": {"enabled": True},
        },
    ),
    "code_execution": (
        "Code execution",
        {"type": "code_execution_20260521", "name": "code_execution"},
    ),
}
