"""The decorator `tool`: schemas from signature and docstring, unique names, late imports."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from chat.claude.encoding.exact_numbers import read_json
from chat.tools import registry
from chat.tools.registry import registered, tool
from chat.tools.result import ToolContext


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    registered()
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))


def test_schema_comes_from_signature_and_docstring(context: ToolContext) -> None:
    @tool(title="Room", strict=True)
    def book_room(context: ToolContext, size: Literal["s", "l"], hours: int = 1) -> str:
        """Book a room.

        Only for today.

        Args:
            size: How large.
            hours: For how long.
        """
        return f"{size}{hours}{context.time_zone}"

    made = registered()["book_room"]
    assert (made.title, made.strict, made.sdk.name) == ("Room", True, "book_room")
    assert made.sdk.description == "Book a room.\n\nOnly for today."
    schema = made.sdk.input_schema
    assert schema["required"] == ["size"]
    assert schema["additionalProperties"] is False
    assert schema["properties"].keys() == {"size", "hours"}, "the context is not the model's"
    assert schema["properties"]["size"] == {
        "description": "How large.", "enum": ["s", "l"], "title": "Size", "type": "string",
    }  # fmt: skip
    assert made.call({"size": "l"}, context) == "l1Asia/Seoul"
    assert book_room(context, "s", 2) == "s2Asia/Seoul", "the function itself stays as it was"


def test_bare_decorator_and_plain_title() -> None:
    @tool
    def count_heads() -> str:
        """Count."""
        return "1"

    assert registered()["count_heads"].title == "Count heads"


async def test_asynchronous_functions(context: ToolContext) -> None:
    @tool
    async def look_up(context: ToolContext, key: str) -> str:
        """Look up."""
        return key + context.language

    made = registered()["look_up"]
    assert made.is_async
    assert await made.call({"key": "a"}, context) == "ako"


def test_same_name_is_registered_once() -> None:
    @tool
    def same() -> str:
        """One."""
        return ""

    first = same

    def other() -> str:
        """Two."""
        return ""

    other.__name__ = "same"
    with pytest.raises(ValueError, match="Two tools are named same"):
        tool(other)
    tool(first)  # a module that is loaded again
    assert registered()["same"].function is first


def test_own_modules_are_loaded(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "our_tools_of_the_test.py").write_text(
        "from chat.tools.registry import tool\n\n"
        "@tool(title='Greet')\n"
        "def greet(name: str) -> str:\n"
        "    '''Greet a person.'''\n"
        "    return f'Hello {name}'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = registry.fingerprint()
    settings.TOOL_MODULES = ["our_tools_of_the_test"]
    assert registered()["greet"].sdk.input_schema["required"] == ["name"]
    assert registry.fingerprint() != before
    assert registry.fingerprint() == registry.fingerprint()


def test_package_imports_no_large_libraries() -> None:
    code = (
        "import django, sys; django.setup()\n"
        "import chat.operations.staff.tool_listings, config.urls, django.urls\n"
        "django.urls.get_resolver().url_patterns\n"
        "from chat.tools.registry import registered; registered()\n"
        "heavy = {'anthropic', 'mcp', 'httpx2', 'jsonschema', 'standardwebhooks', 'daphne.server'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_decimals_have_every_digit_and_other_numbers_are_plain(context: ToolContext) -> None:
    @tool
    def pay(amount: Decimal, factor: float, order_id: int, more: dict[str, Any]) -> str:
        """Pay.

        Args:
            amount: How much.
            factor: How often.
            order_id: For what.
            more: Anything.
        """
        return f"{amount} {factor + 1} {order_id} {more['x'] + 1}"

    given = read_json(
        '{"amount": 0.10, "factor": 1E0, "order_id": 18446744073709551616, "more": {"x": 0.10}}'
    )
    assert registered()["pay"].call(given, context) == "0.10 2.0 18446744073709551616 1.1"
