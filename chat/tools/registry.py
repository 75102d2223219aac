"""Tools that are Python functions: a decorator based on the SDK's, and the registry of decorated functions.

The SDK makes name, description and schema from the function's name, docstring and signature. It is imported
when the first of them is needed, not when a module with tools is imported.
"""

import contextvars
import dataclasses
import functools
import hashlib
import importlib
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any, overload

from django.conf import settings

from chat.tools.result import ToolContext

BUILTIN_MODULES = ("chat.tools.builtin", "chat.tools.project_documents")
CONTEXT_PARAMETER = "context"

_registered: dict[str, "PythonTool"] = {}
_context: contextvars.ContextVar[ToolContext] = contextvars.ContextVar("tool_context")


@dataclasses.dataclass(frozen=True)
class PythonTool:
    """One decorated function. `title` is shown to people; `strict` asks the API to enforce the schema.

    `asks`: a person approves each call, until staff decide otherwise.
    """

    function: Callable[..., Any]
    title: str
    strict: bool
    asks: bool = False

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    @functools.cached_property
    def sdk(self) -> Any:
        """The SDK's tool object: `name`, `description`, `input_schema` and `call(input)`."""
        from anthropic import beta_async_tool, beta_tool

        function = _without_context(self.function)
        return beta_async_tool(function) if self.is_async else beta_tool(function)

    def call(self, tool_input: dict[str, Any], context: ToolContext) -> Any:
        """Call the function with an input from the model; return a coroutine if it is asynchronous.

        Raises:
            ValueError: the input does not fit the signature; the cause is pydantic's error.
        """
        _context.set(context)
        return self.sdk.call(tool_input)


@overload
def tool(function: Callable[..., Any]) -> Callable[..., Any]: ...
@overload
def tool(
    *, title: str = "", strict: bool = False, asks: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def tool(
    function: Callable[..., Any] | None = None, *, title: str = "", strict: bool = False, asks: bool = False
) -> Any:
    """Register a function as a tool and give it back unchanged.

    A first parameter named `context` gets the `ToolContext` of the call; models don't see it. The answer is text,
    a list of content blocks, or anything that is JSON. A function that can't do its work raises `ToolFailed`. One that
    changes something for a person should ask (`asks`).

    Raises:
        ValueError: another function has this name already.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        made = PythonTool(function, title or function.__name__.replace("_", " ").capitalize(), strict, asks)
        # A module that is loaded again registers the same function; any other function is a name clash.
        known = _registered.setdefault(made.name, made)
        if _qualified_name(known.function) != _qualified_name(function):
            raise ValueError(
                f"Two tools are named {made.name}: {_qualified_name(known.function)}, {_qualified_name(function)}"
            )
        _registered[made.name] = made
        return function

    return register if function is None else register(function)


def registered() -> dict[str, PythonTool]:
    """Return every registered tool by name. The modules of TOOL_MODULES are imported."""
    for module in (*BUILTIN_MODULES, *settings.TOOL_MODULES):
        importlib.import_module(module)
    return dict(_registered)


def fingerprint() -> str:
    """Return a digest of all registered functions without importing the SDK. It changes with their code."""
    parts = [importlib.metadata.version("anthropic")]
    for found in registered().values():
        parts += [found.name, found.title, str(found.strict), inspect.getsource(found.function)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _qualified_name(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def _without_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function without its parameter `context`, which is filled in at each call."""
    signature = inspect.signature(function, eval_str=True)
    if CONTEXT_PARAMETER not in signature.parameters:
        return function

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def bound(*args: Any, **kwargs: Any) -> Any:
            return await function(_context.get(), *args, **kwargs)
    else:

        @functools.wraps(function)
        def bound(*args: Any, **kwargs: Any) -> Any:
            return function(_context.get(), *args, **kwargs)

    seen = [parameter for name, parameter in signature.parameters.items() if name != CONTEXT_PARAMETER]
    bound.__signature__ = signature.replace(parameters=seen)  # type: ignore[attr-defined]
    bound.__annotations__ = {
        **{parameter.name: parameter.annotation for parameter in seen},
        "return": signature.return_annotation,
    }
    return bound
