"""Connections that end, stall or speak odd HTTP before and within an answer: how the turn ends, and what it costs.

Each row is a server over real sockets. Turns use the SDK's aiohttp backend, jobs httpx2.
"""

import gzip
import socket
import time
import zlib
from collections.abc import Callable
from decimal import Decimal

import pytest

from chat.claude.failures.failure import FailureKind
from chat.models import ApiCall, Budget, BudgetHold
from chat.operations.billing.ledger_check import check_ledger
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import call_model
from chat.providers.upstream import UpstreamError
from tests.world.provider_turns import ask, ended, model_at, rows
from tests.world.raw_upstream import EVENTS, GOOD, Line, RawUpstream, head

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input": 10, "write_5m": 12.5, "write_1h": 20, "read": 1, "output": 50}
BIG = "word " * 190_000
Script = Callable[[Line], object]


def then_good(script: Script) -> Script:
    """The first connection gets the script, every later one a good answer."""

    def serve(line: Line) -> None:
        if line.number == 1:
            script(line)
        else:
            line.read_request()
            line.send(GOOD)

    return serve


def hang_up_before_the_request(line: Line) -> None:
    pass


def hang_up_after_the_head(line: Line) -> None:
    line.read_head()


def hang_up_after_the_request(line: Line) -> None:
    line.read_request()


def reset_after_the_request(line: Line) -> None:
    line.read_request()
    line.reset()


def reset_in_the_body(line: Line) -> None:
    line.read_head()
    line.read_body(1000)
    line.reset()


def hang_up_in_the_headers(line: Line) -> None:
    line.read_request()
    line.send(GOOD[:30])


HANG_UPS: list[tuple[Script, str]] = [
    (hang_up_before_the_request, "Hi"),
    (hang_up_after_the_head, "Hi"),
    (hang_up_after_the_request, "Hi"),
    (reset_after_the_request, "Hi"),
    (reset_in_the_body, BIG),
    (hang_up_in_the_headers, "Hi"),
]


@pytest.mark.parametrize(("script", "text"), HANG_UPS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_hang_up_is_sent_again_and_stays_in_the_ledger(script: Script, text: str) -> None:
    Budget.objects.create(name="All", scope="workspace", period="day", hard_limit_usd=Decimal(100))
    with RawUpstream(then_good(script)) as upstream:
        # No retries: a connection that ends at once is no try.
        turn = ask(model_at(upstream.url, prices=PRICES, max_retries=0, max_input_tokens=1_000_000), text)
    assert (ended(turn), upstream.connections) == (("completed", "end_turn"), 2)
    assert rows() == [("turn", "failed", "unknown"), ("turn", "succeeded", "exact")]
    assert_unknown_costs_no_budget()


def assert_unknown_costs_no_budget() -> None:
    """A hang-up may have cost something, but most likely did not: its hold is released."""
    spent = dict(BudgetHold.objects.values_list("call__certainty", "settled_usd"))
    assert spent["unknown"] == 0
    assert not BudgetHold.objects.open().exists()
    assert check_ledger().clean


def test_hang_ups_without_end_are_retried_and_told() -> None:
    with RawUpstream(hang_up_after_the_request) as upstream:
        turn = ask(model_at(upstream.url, max_retries=1))
    assert (ended(turn), upstream.connections) == (("failed", "connection"), 3)
    assert rows() == [("turn", "failed", "unknown")] * 3


def test_a_refused_connection_leaves_no_row() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert ended(ask(model_at(url, max_retries=0))) == ("failed", "connection")
    assert not rows()


def test_hang_up_under_a_job_stays_in_the_ledger() -> None:
    Budget.objects.create(name="All", scope="workspace", period="day", hard_limit_usd=Decimal(100))
    request = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    with RawUpstream(hang_up_after_the_request) as upstream, pytest.raises(UpstreamError) as caught:
        call_model(
            model_at(upstream.url, prices=PRICES),
            request,
            purpose=ApiCall.Purpose.TITLE,
            door="job",
            payer=Payer(),
        )
    assert (caught.value.failure.kind, caught.value.reached) == (FailureKind.CONNECTION, True)
    assert rows() == [("title", "failed", "unknown")]
    assert_unknown_costs_no_budget()


def chunked(body: bytes, size: int = 100) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def zipped(body: bytes, name: str) -> bytes:
    return gzip.compress(body) if name == "gzip" else zlib.compress(body)


def byte_by_byte(line: Line) -> None:
    line.read_request()
    for byte in GOOD[: -len(EVENTS)]:
        line.send(bytes([byte]))
        time.sleep(0.005)  # the pace of the server is the case
    line.send(EVENTS)


TRANSFER = b"transfer-encoding: chunked"
ODD: dict[str, Script] = {
    "HTTP/1.0, ended by its close": lambda line: (
        line.read_request(),
        line.send(head(status=b"HTTP/1.0 200 OK"), EVENTS),
    ),
    "100 Continue before the answer": lambda line: (
        line.read_request(),
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n", GOOD),
    ),
    "103 Early Hints before the answer": lambda line: (
        line.read_request(),
        line.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", GOOD),
    ),
    "small chunks": lambda line: (line.read_request(), line.send(head(TRANSFER), chunked(EVENTS, 7))),
    "gzip": lambda line: (
        line.read_request(),
        line.send(head(TRANSFER, b"content-encoding: gzip"), chunked(zipped(EVENTS, "gzip"))),
    ),
    "deflate": lambda line: (
        line.read_request(),
        line.send(head(TRANSFER, b"content-encoding: deflate"), chunked(zipped(EVENTS, "deflate"))),
    ),
    "headers one byte at a time": byte_by_byte,
    "closed after a whole answer without its last chunk": lambda line: (
        line.read_request(),
        line.send(head(TRANSFER), chunked(EVENTS)[:-5]),
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_but_whole_answers_are_read(case: str) -> None:
    with RawUpstream(ODD[case]) as upstream:
        turn = ask(model_at(upstream.url, prices=PRICES, max_retries=0))
    assert (ended(turn), upstream.connections) == (("completed", "end_turn"), 1)
    assert rows() == [("turn", "succeeded", "exact")]


BROKEN: dict[str, tuple[Script, str]] = {
    "no HTTP": (lambda line: (line.read_request(), line.send(b"\x00\x01\r\n\r\n")), "connection"),
    "a length beside chunks": (
        lambda line: (line.read_request(), line.send(head(TRANSFER, b"content-length: 5"), chunked(EVENTS))),
        "connection",
    ),
    "chunks without sizes": (
        lambda line: (line.read_request(), line.send(head(TRANSFER), b"zz\r\n" + EVENTS)),
        "connection",
    ),
    "an encoding that was not asked for": (
        lambda line: (line.read_request(), line.send(head(b"content-encoding: br"), b"\x0b\x02\x80ab")),
        "truncated",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_http_fails_like_a_lost_connection(case: str) -> None:
    script, code = BROKEN[case]
    with RawUpstream(script) as upstream:
        turn = ask(model_at(upstream.url, prices=PRICES, max_retries=0))
    assert ended(turn) == ("failed", code)
    assert {certainty for _, _, certainty in rows()} == {"unknown"}


CALL = EVENTS.replace(
    b'{"type": "text", "text": ""}', b'{"type": "tool_use", "id": "t", "name": "gone", "input": {}}'
)
CALL = CALL.replace(
    b'{"type": "text_delta", "text": "42"}', b'{"type": "input_json_delta", "partial_json": ""}'
)


def test_a_kept_connection_that_ends_is_replaced() -> None:
    """Two calls of one turn: the server had closed the idle connection when the second request was on its way."""

    def serve(line: Line) -> None:
        line.read_request()
        if line.number == 1:
            line.send(head(b"content-length: %d" % len(CALL)), CALL)
            line.read_head()
            line.reset()
        else:
            line.send(GOOD)

    with RawUpstream(serve) as upstream:
        turn = ask(model_at(upstream.url, prices=PRICES, max_retries=0))
    assert (ended(turn), upstream.connections) == (("completed", "end_turn"), 2)
    assert rows() == [
        ("turn", "succeeded", "exact"),
        ("turn", "failed", "unknown"),
        ("turn", "succeeded", "exact"),
    ]
