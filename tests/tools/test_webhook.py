"""Webhooks against a receiver that checks signatures with the standard's library, and against hostile hosts."""

import asyncio
import base64
import time
from typing import Any

import httpx2
import pytest

from chat.claude.encoding.exact_numbers import exact_json, read_json
from chat.tools import egress, webhook
from chat.tools.result import ToolContext, ToolFailed
from tests.tools.conftest import webhook as definition
from tests.tools.servers import PIXEL, Hostile, Receiver, Served, sent

pytestmark = pytest.mark.usefixtures("loopback")
PICTURE = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(PIXEL).decode(),
    },
}


async def test_a_signed_call_arrives(receiver: tuple[Receiver, str], context: ToolContext) -> None:
    made, url = receiver
    result = await webhook.call_webhook(definition(url), {"sku": "é한"}, context)
    assert (result.content, result.is_error) == ([{"type": "text", "text": "42 in stock"}], False)
    seen = made.seen[-1]
    assert seen["body"] == {
        "type": "tool.call",
        "tool": "stock",
        "input": {"sku": "é한"},
        "user": str(context.user_id),
        "conversation": str(context.conversation_id),
        "language": "ko",
        "time_zone": "Asia/Seoul",
    }
    assert abs(int(seen["headers"]["webhook-timestamp"]) - time.time()) < 60
    assert "cookie" not in seen["headers"]


async def test_each_call_has_its_own_id(receiver: tuple[Receiver, str], context: ToolContext) -> None:
    made, url = receiver
    await asyncio.gather(*(webhook.call_webhook(definition(url), {}, context) for _ in range(3)))
    assert len({seen["headers"]["webhook-id"] for seen in made.seen[-3:]}) == 3


async def test_wrong_secret_is_refused(receiver: tuple[Receiver, str], context: ToolContext) -> None:
    made, url = receiver
    before = len(made.seen)
    with pytest.raises(ToolFailed, match="status 401"):
        await webhook.call_webhook(definition(url, secret=webhook.new_secret()), {}, context)
    assert (len(made.seen), made.refused) == (before, made.refused)
    assert made.refused


@pytest.mark.parametrize("secret", ["", None, "whsec_", "whsec_%%%", "short"])
async def test_calls_without_a_secret_are_not_sent(
    secret: Any, receiver: tuple[Receiver, str], context: ToolContext
) -> None:
    made, url = receiver
    before = len(made.seen)
    with pytest.raises(ToolFailed, match="signing secret"):
        await webhook.call_webhook(definition(url, secret=secret), {}, context)
    assert len(made.seen) == before


def test_new_secrets_are_valid_and_different() -> None:
    made = {webhook.new_secret() for _ in range(5)}
    assert len(made) == 5
    assert not any(webhook.secret_problem(secret) for secret in made)


ANSWERS = [
    (b'{"content": "no such thing", "is_error": true}', [{"type": "text", "text": "no such thing"}], True),
    (b'{"content": [{"type": "text", "text": "a"}], "is_error": 1}', [{"type": "text", "text": "a"}], False),
    (
        sent({"content": [PICTURE, {"type": "text", "text": "b"}]}),
        [PICTURE, {"type": "text", "text": "b"}],
        False,
    ),
    (b'{"left": 3}', [{"type": "text", "text": '{"left":3}'}], False),
    (b"[1, 2]", [{"type": "text", "text": "[1,2]"}], False),
    (b"null", [{"type": "text", "text": "The tool gave no output."}], False),
    (b'""', [{"type": "text", "text": "The tool gave no output."}], False),
    (b'"\\u0000 \\ud800"', [{"type": "text", "text": "\ufffd \ufffd"}], False),
    (
        b'{"content": [{"type": "tool_use", "id": "x"}, {"type": "image", "source": {"type": "url", "url": "http://x"}}]}',
        [
            {"type": "text", "text": '{"type":"tool_use","id":"x"}'},
            {"type": "text", "text": "[a picture that could not be read]"},
        ],
        False,
    ),
]


@pytest.mark.parametrize(("body", "content", "is_error"), ANSWERS)
async def test_answers_become_results(
    body: bytes, content: Any, is_error: bool, receiver: tuple[Receiver, str], context: ToolContext
) -> None:
    made, url = receiver
    made.answer = (200, "application/json", body)
    result = await webhook.call_webhook(definition(url), {}, context)
    assert (result.content, result.is_error) == (content, is_error)


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[" * 100_000, b"\xff\xfe", b'{"a": NaN}', b'{"a":' * 1000 + b"1" + b"}" * 1000,
    ],
)  # fmt: skip
async def test_invalid_json_answers_fail(
    body: bytes, receiver: tuple[Receiver, str], context: ToolContext
) -> None:
    made, url = receiver
    made.answer = (200, "application/json", body)
    with pytest.raises(ToolFailed):
        await webhook.call_webhook(definition(url, max_result_bytes=200_000), {}, context)


async def test_text_answers_are_unchanged(receiver: tuple[Receiver, str], context: ToolContext) -> None:
    made, url = receiver
    made.answer = (201, "text/plain; charset=utf-8", "방 한 개".encode())
    assert (await webhook.call_webhook(definition(url), {}, context)).content[0]["text"] == "방 한 개"


async def test_result_length_is_limited(receiver: tuple[Receiver, str], context: ToolContext) -> None:
    made, url = receiver
    made.answer = (200, "text/plain", b"x" * 3000)
    with pytest.raises(ToolFailed, match="longer than the 2000 bytes"):
        await webhook.call_webhook(definition(url, max_result_bytes=2000), {}, context)


@pytest.mark.parametrize("status", [204, 301, 400, 404, 500, 503])
async def test_error_statuses_fail_without_their_body(
    status: int, receiver: tuple[Receiver, str], context: ToolContext
) -> None:
    made, url = receiver
    made.answer = (status, "text/plain", b"" if status == 204 else b"Traceback in /srv/secret.py")
    if status == 204:
        result = await webhook.call_webhook(definition(url), {}, context)
        assert result.content[0]["text"] == "The tool gave no output."
        return
    with pytest.raises(ToolFailed) as failed:
        await webhook.call_webhook(definition(url), {}, context)
    assert str(failed.value) == f"The tool's server answered with HTTP status {status}."


@pytest.mark.parametrize("path", ["/big", "/bomb"])
async def test_compressed_bombs_are_cut_off(
    path: str, hostile: tuple[Hostile, Served], context: ToolContext
) -> None:
    with pytest.raises(egress.ResponseTooLarge):
        await webhook.call_webhook(definition(hostile[1].url + path), {}, context)


async def test_endless_answer_is_cut_off(hostile: tuple[Hostile, Served], context: ToolContext) -> None:
    made, served = hostile
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await webhook.call_webhook(definition(f"{served.url}/slow"), {}, context)
    assert made.ended.wait(5), "the connection is closed, not left to run"


async def test_redirect_to_an_internal_address_is_not_followed(
    hostile: tuple[Hostile, Served], context: ToolContext
) -> None:
    made, served = hostile
    with pytest.raises(ToolFailed, match="status 307"):
        await webhook.call_webhook(definition(f"{served.url}/redirect/307?{served.url}/gzip"), {}, context)
    assert made.hits[-1] == "/redirect/307"


async def test_name_that_changes_to_an_internal_address_is_refused(
    context: ToolContext, receiver: tuple[Receiver, str]
) -> None:
    made, url = receiver
    before = len(made.seen)

    async def turned(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    address = url.replace("http://127.0.0.1", "https://tool.example.org")
    with pytest.raises(egress.EgressRefused):
        await webhook.call_webhook(definition(address), {}, context, resolve=turned)
    assert len(made.seen) == before


async def test_unreachable_webhook_is_a_failure(context: ToolContext) -> None:
    with pytest.raises(httpx2.ConnectError):
        await webhook.call_webhook(definition("http://127.0.0.1:1/"), {}, context)


async def test_numbers_keep_their_digits_both_ways(
    receiver: tuple[Receiver, str], context: ToolContext
) -> None:
    made, url = receiver
    made.answer = (200, "application/json", b'{"paid": 0.10, "order": 18446744073709551616, "x": 1e400}')
    given = read_json('{"amount": 0.10, "order_id": 18446744073709551616}')
    result = await webhook.call_webhook(definition(url), given, context)
    assert result.content[0]["text"] == '{"paid":0.10,"order":18446744073709551616,"x":1e400}'
    assert made.seen[-1]["body"]["input"]["order_id"] == 18446744073709551616
    payload = exact_json(webhook.webhook_payload("stock", given, context))
    assert '"input":{"amount":0.10,"order_id":18446744073709551616}' in payload
