"""Every tool call ends with a result: what it contains, what it never reveals, and what works meanwhile."""

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from chat.models import Assistant, AssistantTool, McpServer, ToolDefinition, User
from chat.readers.process import sandbox
from chat.tools import registry
from chat.tools.registry import tool
from chat.tools.result import ToolContext, ToolFailed, ToolResult, make_result
from chat.tools.run import run_tool
from chat.tools.threads import FUNCTIONS, MAX_THREADS, in_thread
from tests import factories
from tests.support.mcp_tools import ADD, mcp_tool
from tests.tools.conftest import webhook
from tests.tools.servers import Hostile, Receiver, Served

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("loopback")]
SECRET_WORDS = "password=hunter2 /srv/secret.py"
Make = Callable[..., ToolDefinition]


def well(context: ToolContext, word: str = "") -> str:
    """Behave."""
    return f"well {word} {context.language}"


def long() -> str:
    """Say too much."""
    return "x" * 10_000


def rows(context: ToolContext) -> Any:
    """Read the database."""
    return {"people": User.objects.count(), "thread": threading.current_thread().name}


def picky(number: int) -> str:
    """Take a number that the row's schema calls a string."""
    return str(number)


# --- Functions that fail ----------------------------------------------------------------------------------------------


def crash() -> str:
    """Crash."""
    raise RuntimeError(SECRET_WORDS)


def value_error() -> str:
    """Crash with a ValueError, which the SDK raises for bad arguments."""
    raise ValueError(SECRET_WORDS)


def stop() -> str:
    """Raise what can't be put into a future."""
    raise StopIteration


def leave() -> str:
    """Try to end the process."""
    raise SystemExit(3)


def words() -> str:
    """Fail with words."""
    raise ToolFailed("There is no room left.")


def sdk_words() -> str:
    """Fail as the SDK has it."""
    from anthropic.lib.tools import ToolError

    raise ToolError("No table is free.")


# --- Functions that hang ----------------------------------------------------------------------------------------------

release = threading.Event()


def hang() -> str:
    """Hang."""
    release.wait(30)
    return "late"


async def hang_async() -> str:
    """Hang, asynchronously."""
    await asyncio.sleep(3600)
    return "late"


async def at_once() -> str:
    """Answer at once, without a thread."""
    return "now"


REGISTERED = (
    well,
    long,
    rows,
    picky,
    crash,
    value_error,
    stop,
    leave,
    words,
    sdk_words,
    hang,
    hang_async,
    at_once,
)


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the functions for one test; hanging ones are released at its end."""
    registry.registered()
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    for function in REGISTERED:
        tool(function)
    release.clear()
    yield
    release.set()


@pytest.fixture
def make() -> Make:
    def make(target: str, **fields: Any) -> ToolDefinition:
        defaults: dict[str, Any] = {
            "kind": "python",
            "input_schema": {"type": "object"},
            "max_result_bytes": 5_000,
        }
        return ToolDefinition.objects.create(name=f"a_{target}", target=target, **{**defaults, **fields})

    return make


def said(result: ToolResult) -> str:
    assert result.is_error
    (block,) = result.content
    return str(block["text"])


@pytest.fixture
def run(context: ToolContext) -> Callable[..., ToolResult]:
    def run(tool: ToolDefinition | None, given: Any = None, **options: Any) -> ToolResult:
        return asyncio.run(run_tool(tool, {} if given is None else given, context, **options))

    return run


def test_function_runs_and_returns_text(make: Make, run: Any) -> None:
    result = run(make("well"), {"word": "한"})
    assert (result.content, result.is_error) == ([{"type": "text", "text": "well 한 ko"}], False)


def test_functions_have_a_thread_and_a_connection_of_their_own(make: Make, run: Any) -> None:
    factories.person("insider")
    result = run(make("rows"))
    assert result.content[0]["text"] == '{"people":1,"thread":"tool"}'
    assert connection.connection is not None, "the caller's own connection is still open"


@pytest.mark.parametrize("target", ["crash", "value_error", "stop", "leave"])
def test_exceptions_reveal_nothing(target: str, make: Make, run: Any, caplog: Any) -> None:
    assert said(run(make(target))) == "The tool failed."
    assert "tool_failed" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("target", "told"), [("words", "There is no room left."), ("sdk_words", "No table is free.")]
)
def test_chosen_error_message_is_returned(target: str, told: str, make: Make, run: Any) -> None:
    assert said(run(make(target))) == told


@pytest.mark.parametrize("target", ["hang", "hang_async"])
def test_slow_function_times_out(target: str, make: Make, run: Any) -> None:
    began = time.monotonic()
    assert said(run(make(target, timeout_seconds=1))) == "The tool did not finish within 1 seconds."
    assert time.monotonic() - began < 10


def test_long_result_is_cut(make: Make, run: Any) -> None:
    assert said(run(make("long"))) == "The tool's answer is longer than the 5000 bytes it may have."


def test_input_is_checked_before_the_call(make: Make, run: Any) -> None:
    schema = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
    tool = make("crash", input_schema=schema)
    assert "'word' is a required property" in said(run(tool, {}))
    assert "$.word: 5 is not of type 'string'" in said(run(tool, {"word": 5}))
    assert "JSON object" in said(run(tool, ["word"]))
    assert said(run(make("picky"), {"number": "five"})) == "The input does not fit what this tool takes."
    assert said(run(make("well"), {"unknown": 1})) == "The input does not fit what this tool takes."


def test_unknown_and_disabled_tools_do_not_run(make: Make, run: Any) -> None:
    tool = make("well")
    ToolDefinition.objects.filter(pk=tool.pk).update(enabled=False)
    assert said(run(tool)) == "This tool is not available.", "the row counts, not what the caller had read"
    assert not run(tool, trial=True).is_error
    tool.delete()
    assert said(run(tool)) == "This tool is not available."
    assert said(run(None)) == "This tool is not available."
    assert "not installed" in said(run(make("gone_function")))
    assert "provider" in said(run(make("", kind="server", options={"type": "web_search_20260318"})))


def test_tool_of_a_disabled_server_does_not_run(make: Make, run: Any, shop: Served) -> None:
    server = McpServer.objects.create(name="shop", url=f"{shop.url}/mcp")
    tool = mcp_tool(server, "add", ADD)
    server.save()
    tool.save()
    result = run(tool, {"a": 1, "b": 2})
    assert (result.content[0]["text"], result.is_error) == ("3", False)
    assert "is not of type 'integer'" in said(run(tool, {"a": "1", "b": 2}))
    McpServer.objects.update(enabled=False)
    assert said(run(tool, {"a": 1, "b": 2})) == "This tool is not available."


def test_mcp_failures_become_error_results(
    run: Any, shop: Served, hostile: tuple[Hostile, Served], settings: Any
) -> None:
    server = McpServer.objects.create(name="shop", url=f"{shop.url}/mcp")
    for target in ("crash", "wait", "shout"):
        mcp_tool(server, target, max_result_bytes=1000).save()
    server.save()
    ToolDefinition.objects.filter(target="wait").update(timeout_seconds=2)
    named = {row.target: row for row in ToolDefinition.objects.all()}
    assert "hunter2" not in said(run(named["crash"]))
    assert said(run(named["wait"])) == "The tool did not finish within 2 seconds."
    assert said(run(named["shout"], {"times": 1_000_000})) == "The tool's answer is longer than it may be."
    McpServer.objects.update(url=f"{hostile[1].url}/mcp-big")
    assert said(run(named["crash"])) == "The tool's answer is longer than it may be."
    McpServer.objects.update(url="http://127.0.0.1:1/mcp")
    assert said(run(named["crash"])) == "The tool's server could not be reached."
    McpServer.objects.update(auth="oauth")
    assert "sign in to shop first, at /tools/mcp/shop/connect" in said(run(named["crash"]))
    settings.EGRESS_ALLOW = []
    assert "not one that may be called" in said(run(named["crash"]))


def test_webhook_failures_become_error_results(
    run: Any, receiver: tuple[Receiver, str], hostile: tuple[Hostile, Served], settings: Any
) -> None:
    url = hostile[1].url
    tool = webhook(receiver[1], timeout_seconds=1)
    tool.save()
    assert not run(tool).is_error

    def at(address: str) -> str:
        ToolDefinition.objects.update(url=address)
        return said(run(tool))

    assert at(f"{url}/slow") == "The tool did not finish within 1 seconds."
    assert at(f"{url}/big") == at(f"{url}/bomb") == "The tool's answer is longer than it may be."
    assert at(f"{url}/broken-gzip") == "The tool's server gave an answer that could not be read."
    assert at(f"{url}/boom") == "The tool's server answered with HTTP status 500."
    assert at("http://127.0.0.1:1/") == "The tool's server could not be reached."
    assert (
        at("https://169.254.169.254/")
        == "The tool's address is not one that may be called; staff have to look at it."
    )


async def test_a_cancelled_call_stays_cancelled(context: ToolContext, hanging: ToolDefinition) -> None:
    running = asyncio.create_task(run_tool(hanging, {}, context))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
def hanging(make: Make) -> ToolDefinition:
    return make("hang")


async def test_hanging_functions_block_only_their_own_threads(
    context: ToolContext, clock: ToolDefinition
) -> None:
    held = [asyncio.ensure_future(in_thread(release.wait, 30, limit=FUNCTIONS)) for _ in range(MAX_THREADS)]
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await in_thread(int, "1", limit=FUNCTIONS)
    assert not (await run_tool(clock, {}, context)).is_error, (
        "other tools go on, and what Parley reads for them"
    )
    release.set()
    await asyncio.gather(*held)
    assert await in_thread(int, "1", limit=FUNCTIONS) == 1


@pytest.fixture
def clock(make: Make) -> ToolDefinition:
    return make("at_once")


def test_denied_tool_does_not_run(make: Make, run: Any, context: ToolContext) -> None:
    tool = make("well", approval="ask")
    assert not run(tool).is_error, "a person approved it"
    ToolDefinition.objects.filter(pk=tool.pk).update(approval="deny")
    assert said(run(tool)) == "This tool is not available."
    assert not run(tool, trial=True).is_error
    ToolDefinition.objects.filter(pk=tool.pk).update(approval="ask")
    assistant = Assistant.objects.create(name="Careful")
    AssistantTool.objects.create(assistant=assistant, tool=tool, approval="deny")
    assert not run(tool).is_error, "another assistant's rule"
    here = dataclasses.replace(context, assistant_id=assistant.id)
    assert said(asyncio.run(run_tool(tool, {}, here))) == "This tool is not available."
    AssistantTool.objects.update(approval="")
    assert not asyncio.run(run_tool(tool, {}, here)).is_error


async def test_expensive_schema_does_not_block_the_event_loop(
    context: ToolContext, doubling: ToolDefinition
) -> None:
    """Each level follows two references: without a limit the check would take hours."""
    longest, last = 0.0, time.monotonic()
    running = asyncio.create_task(run_tool(doubling, {"a": 1}, context))
    while not running.done():
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert "own input schema can't be used" in said(running.result())
    assert longest < 1


@pytest.fixture
def doubling(monkeypatch: pytest.MonkeyPatch) -> ToolDefinition:
    monkeypatch.setattr(sandbox, "CHECKS", dataclasses.replace(sandbox.CHECKS, seconds=1))
    levels: dict[str, Any] = {
        f"l{level}": {"allOf": [{"$ref": f"#/$defs/l{level + 1}"}] * 2} for level in range(40)
    }
    schema = {"type": "object", "$defs": {**levels, "l40": {}}, "allOf": [{"$ref": "#/$defs/l0"}]}
    server = McpServer.objects.create(name="strange", url="https://strange.example.test/mcp")
    tool = mcp_tool(server, "double", schema)
    server.save()
    tool.save()
    return tool


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), {"a": {"b": object()}}])
def test_values_outside_json_fail(value: Any) -> None:
    with pytest.raises(ToolFailed):
        make_result(value, limit_bytes=1000)


@pytest.mark.parametrize(
    "source",
    [
        {"type": "url", "url": "http://example.org/x.png"},
        {"type": "base64", "media_type": "image/svg+xml", "data": "PHN2Zz4="},
        {"type": "base64", "media_type": "image/png", "data": "PHN2Zz4="},
        {"type": "base64", "media_type": "image/png", "data": "%%%"},
        {"type": "base64", "media_type": "image/png"},
        "x",
        None,
    ],
)
def test_invalid_pictures_become_text(source: Any) -> None:
    result = make_result([{"type": "image", "source": source}], limit_bytes=1000)
    assert result.content == [{"type": "text", "text": "[a picture that could not be read]"}]
