"""The errors with which operations refuse what they are asked."""

from collections.abc import Callable
from typing import Any

import pytest

from chat.operations.errors import OperationError


def refusal(function: Callable[..., Any], *args: Any, **fields: Any) -> OperationError:
    """Call an operation that must refuse, and return its error, which has a message for people."""
    with pytest.raises(OperationError) as refused:
        function(*args, **fields)
    assert refused.value.message
    return refused.value


def refusal_code(function: Callable[..., Any], *args: Any, **fields: Any) -> str:
    """Call an operation that must refuse, and return the code of its error."""
    return refusal(function, *args, **fields).code
