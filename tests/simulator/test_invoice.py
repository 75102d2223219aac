import asyncio
import time
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic

from chat.simulator.invoice import Invoice, Row
from tests.simulator.asking import BOUND, ask, body, invoice, scenario


def settled(client: anthropic.Anthropic) -> Any:
    """Return the last row once the simulator has noticed the end of its stream."""
    deadline = time.monotonic() + 10
    while (row := invoice(client)["rows"][-1])["outcome"] == "running":
        assert time.monotonic() < deadline, "the stream is still running"
    return row


def test_rows_and_totals_agree_with_the_answers(client: anthropic.Anthropic):
    answers = [ask(client, text, model=BOUND) for text in ("one", "two", "three")]
    bill = invoice(client)
    assert [row["message_id"] for row in bill["rows"]] == [answer.id for answer in answers]
    assert [row["request_id"] for row in bill["rows"]] == [answer._request_id for answer in answers]
    totals = bill["totals"]
    assert (totals["requests"], totals["billed_requests"]) == (3, 3)
    assert totals["input_tokens"] == sum(answer.usage.input_tokens for answer in answers)
    assert totals["output_tokens"] == sum(answer.usage.output_tokens for answer in answers)
    assert totals["thinking_tokens"] == sum(
        answer.usage.output_tokens_details.thinking_tokens
        for answer in answers
        if answer.usage.output_tokens_details
    )


def test_a_refused_request_has_a_row_without_a_price(client: anthropic.Anthropic):
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, max_tokens=-1)
    row = invoice(client)["rows"][-1]
    assert (row["request_id"], row["error_type"]) == (caught.value.request_id, "invalid_request_error")
    assert set(row["usage"].values()) == {0}


def test_stream_closed_by_the_client_is_billed_in_part(client: anthropic.Anthropic):
    with client.messages.create(**body(stream=True), **scenario("long tokens=3000 pace=100")) as stream:
        deltas = 0
        for event in stream:
            deltas += event.type == "content_block_delta"
            if deltas == 10:
                break
    row = settled(client)
    assert (row["outcome"], row["closed_by_client"], row["billed"]) == ("closed_by_client", True, True)
    assert 10 <= row["usage"]["output_tokens"] < 3000
    assert row["usage"]["input_tokens"] > 0


async def test_stream_closed_by_the_async_client_is_billed_in_part(
    async_client: AsyncAnthropic, client: anthropic.Anthropic
):
    stream = await async_client.messages.create(**body(stream=True), **scenario("stall at=5 seconds=600"))
    async with stream:
        deltas = 0
        async for event in stream:
            deltas += event.type == "content_block_delta"
            if deltas == 5:
                break
    row = await asyncio.to_thread(settled, client)
    assert row["closed_by_client"] is True
    assert 0 < row["usage"]["output_tokens"] < 60


def test_a_cut_stream_is_billed_for_what_was_produced(client: anthropic.Anthropic):
    with client.messages.with_streaming_response.create(
        **body(stream=True), **scenario("truncated at=3")
    ) as response:
        assert response.read().count(b"text_delta") == 3
    row = invoice(client)["rows"][-1]
    assert row["outcome"] == "truncated"
    assert 0 < row["usage"]["output_tokens"] < 30
    assert row["stop_reason"] is None


def test_a_running_stream_is_on_the_invoice(client: anthropic.Anthropic):
    with client.messages.create(**body(stream=True), **scenario("stall at=5 seconds=600")) as stream:
        for event in stream:
            if event.type == "content_block_delta":
                break
        row = invoice(client)["rows"][-1]
        assert (row["outcome"], row["status"]) == ("running", 200)


def test_reset_clears_the_invoice(client: anthropic.Anthropic):
    ask(client)
    client.post("/simulator/reset", cast_to=object)
    assert invoice(client)["rows"] == []
    assert set(invoice(client)["totals"].values()) == {0}


def test_totals_include_dropped_rows():
    bill = Invoice(limit=2)
    for number in range(5):
        bill.open(Row(f"req_{number}", None))
    found = bill.as_json()
    assert [row["request_id"] for row in found["rows"]] == ["req_3", "req_4"]
    assert found["totals"]["requests"] == 5
