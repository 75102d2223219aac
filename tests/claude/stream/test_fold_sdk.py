"""The fold compared with the SDK: both read the same bytes, the SDK over real HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.claude.strategies import Event, folded, sse, streams
from tests.support.examples import many


class Upstream(ThreadingHTTPServer):
    """Answers every POST with `payload` as an event stream."""

    daemon_threads = True
    payload = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Upstream)
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(self.server.payload)))
        self.end_headers()
        self.wfile.write(self.server.payload)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def client(upstream: Upstream) -> Iterator[anthropic.Anthropic]:
    url = f"http://127.0.0.1:{upstream.server_address[1]}"
    with anthropic.Anthropic(api_key="test", base_url=url, max_retries=0) as client:
        yield client


def final_message(client: anthropic.Anthropic) -> dict[str, Any]:
    ask: list[Any] = [{"role": "user", "content": "hi"}]
    with client.messages.stream(model="claude-opus-5-5", max_tokens=9, messages=ask) as stream:
        return stream.get_final_message().to_dict(mode="json", warnings=False)


@settings(max_examples=many(200))
@given(events=streams(), ascii_only=st.booleans())
def test_fold_equals_the_sdk_helper(
    upstream: Upstream, client: anthropic.Anthropic, events: list[Event], ascii_only: bool
) -> None:
    upstream.payload = sse(events, ascii_only=ascii_only)
    fold = folded(events)
    assert fold.ended
    assert not fold.invalid_inputs
    expected = final_message(client)
    assert fold.message == expected
    assert inputs(fold.message) == inputs(expected), "key order counts: the cache goes by bytes"


def inputs(message: dict[str, Any]) -> list[str]:
    return [json.dumps(block["input"]) for block in message["content"] if "input" in block]


def test_the_sdk_forgets_what_a_later_delta_leaves_out(
    upstream: Upstream, client: anthropic.Anthropic
) -> None:
    events = [
        {
            "type": "message_start",
            "message": {"type": "message", "role": "assistant", "content": [], "usage": {}},
        },
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 2, "novel": 3}},
        {"type": "message_stop"},
    ]
    upstream.payload = sse(events)
    theirs = final_message(client)
    ours = folded(events).message
    assert (theirs["stop_reason"], theirs["usage"]) == (None, {"output_tokens": 2})
    assert (ours["stop_reason"], ours["usage"]) == ("end_turn", {"output_tokens": 2, "novel": 3})
