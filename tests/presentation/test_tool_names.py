"""Titles and descriptions of tools in the reader's language."""

import pytest
from django.utils import translation

from chat.models import ToolDefinition
from chat.presentation.tool_names import BUILTIN_TEXTS, tool_about, tool_title
from chat.tools.registry import BUILTIN_MODULES, PythonTool, registered


def row(found: PythonTool) -> ToolDefinition:
    return ToolDefinition(title=found.title, description=found.sdk.description)


def test_all_built_in_tools_are_translated() -> None:
    built_in = [found for found in registered().values() if found.function.__module__ in BUILTIN_MODULES]
    rows = [row(found) for found in built_in]
    assert {text for one in rows for text in (tool_title(one), tool_about(one))} == BUILTIN_TEXTS
    with translation.override("ko"):
        assert not {text for one in rows for text in (tool_title(one), tool_about(one))} & BUILTIN_TEXTS


@pytest.mark.parametrize("title", ["Calculator for boats", "Archive", ""])
def test_words_of_staff_stay(title: str) -> None:
    tool = ToolDefinition(title=title, description="Delete\n\nMore for the model.")
    with translation.override("ko"):
        assert (tool_title(tool), tool_about(tool)) == (title, "Delete")
