"""The provider's own tools against the SDK's types."""

import typing
from typing import Any

import pytest
from anthropic import types
from typing_extensions import get_type_hints

from chat.tools.provided import PROVIDED


def fits(value: dict[str, Any], shape: Any) -> None:
    hints = get_type_hints(shape, include_extras=True)
    assert value.keys() <= hints.keys()
    assert all(name in value for name in shape.__required_keys__)


SHAPES = {
    "web_search_20260318": types.WebSearchTool20260318Param,
    "web_search_20250305": types.WebSearchTool20250305Param,
    "web_fetch_20260318": types.WebFetchTool20260318Param,
    "web_fetch_20250910": types.WebFetchTool20250910Param,
    "code_execution_20260521": types.CodeExecutionTool20260521Param,
}


@pytest.mark.parametrize("name", PROVIDED)
def test_provided_tools_have_the_sdks_shape(name: str) -> None:
    _title, definition = PROVIDED[name]
    shape = SHAPES[definition["type"]]
    fits(definition, shape)
    hints = get_type_hints(shape)
    for field in ("type", "name"):
        assert typing.get_args(hints[field]) == (definition[field],)
