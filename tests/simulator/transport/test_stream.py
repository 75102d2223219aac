import time
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic

from chat.simulator.app import create_app
from chat.simulator.scenarios import SCENARIOS
from tests.simulator.asking import BOUND, TOOL, ask, body, invoice, scenario
from tests.support.simulator import Loopback

LONG = "long tokens=60"


def wire(client: anthropic.Anthropic, **changes: Any) -> bytes:
    """Return the bytes of a stream up to its end, however it ends."""
    received = bytearray()
    with client.messages.with_streaming_response.create(**body(stream=True, **changes)) as response:
        try:
            for chunk in response.iter_bytes():
                received += chunk
        except httpx2.HTTPError:
            received += b"<broken>"
    return bytes(received)


def events(data: bytes) -> list[str]:
    return [line[7:].decode() for line in data.split(b"\n") if line.startswith(b"event: ")]


def row(client: anthropic.Anthropic) -> Any:
    return invoice(client)["rows"][-1]


@pytest.fixture(params=["default", LONG, "empty", "odd_text", "refusal_mid", "pause_turn", "max_tokens"])
def written(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_folded_stream_is_the_answer_without_streaming(client: anthropic.Anthropic, written: str):
    whole = ask(
        client, model=BOUND, thinking={"type": "adaptive", "display": "summarized"}, **scenario(written)
    )
    with client.messages.stream(
        **body(model=BOUND, thinking={"type": "adaptive", "display": "summarized"}), **scenario(written)
    ) as stream:
        folded = stream.get_final_message()
    assert folded.to_dict(warnings=False) == whole.to_dict(warnings=False)


async def test_the_asynchronous_client_reads_the_same(
    async_client: AsyncAnthropic, client: anthropic.Anthropic
):
    async with async_client.messages.stream(**body("/tool get_weather {}", tools=[TOOL])) as stream:
        folded = await stream.get_final_message()
    assert folded.to_dict() == ask(client, "/tool get_weather {}", tools=[TOOL]).to_dict()


def test_events_come_in_the_documented_order(client: anthropic.Anthropic):
    names = events(wire(client, text="/tool get_weather {}", tools=[TOOL]))
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert names.count("content_block_start") == names.count("content_block_stop") == 2


def test_omitted_thinking_is_one_signature(client: anthropic.Anthropic):
    data = wire(client, model=BOUND, **scenario("echo"))
    assert b"thinking_delta" not in data
    assert data.count(b'"signature_delta"') == 1


def test_tool_input_starts_with_an_empty_piece(client: anthropic.Anthropic):
    data = wire(client, text='/tool get_weather {"city": "a rather long name of a city"}', tools=[TOOL])
    pieces = data.count(b"input_json_delta")
    assert b'"partial_json":""' in data
    assert pieces > 2


def test_the_same_request_and_seed_give_the_same_bytes():
    def fetch(seed: int) -> bytes:
        with (
            Loopback(create_app(seed=seed, pace=0)) as server,
            anthropic.Anthropic(api_key="k", base_url=server.url) as client,
        ):
            return wire(client, model=BOUND, text="/tool get_weather {}", tools=[TOOL])

    first, again, other = fetch(1), fetch(1), fetch(2)
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", ["error_before_delta", "error_after_delta"])
def test_error_events(client: anthropic.Anthropic, name: str):
    kinds: list[str] = []
    stream = client.messages.create(**body(stream=True), **scenario(name))
    with pytest.raises(anthropic.APIStatusError) as caught:
        kinds.extend(event.type for event in stream)
    assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")
    assert kinds.count("content_block_delta") == (0 if name == "error_before_delta" else 5)
    assert row(client)["outcome"] == "error"


def test_an_error_can_be_the_very_first_event(client: anthropic.Anthropic):
    assert events(wire(client, **scenario("error_before_delta at=first type=api_error"))) == ["error"]


@pytest.mark.parametrize(
    ("name", "deltas"), [("cut_before_delta", 0), ("cut", 5), ("cut at=9", 9), ("reset", None)]
)
def test_broken_connections_are_protocol_errors(client: anthropic.Anthropic, name: str, deltas: int | None):
    data = wire(client, **scenario(name))
    assert data.endswith(b"<broken>")
    assert b"message_stop" not in data
    if deltas is not None:  # a reset may overtake the bytes before it
        assert events(data).count("content_block_delta") == deltas
    assert row(client)["outcome"] == name.replace("_", " ").split(" ", 1)[0]


@pytest.mark.parametrize("name", ["cut", "reset"])
async def test_broken_connections_on_the_aiohttp_backend(async_client: AsyncAnthropic, name: str):
    stream = await async_client.messages.create(**body(stream=True), **scenario(name))
    with pytest.raises(httpx2.HTTPError):
        async for _ in stream:
            pass


@pytest.mark.parametrize("name", ["cut", "reset", "truncated"])
def test_broken_answers_without_streaming(client: anthropic.Anthropic, name: str):
    with pytest.raises(anthropic.APIConnectionError):
        ask(client, **scenario(name))


def test_other_faults_without_streaming(client: anthropic.Anthropic):
    with pytest.raises(anthropic.OverloadedError):
        ask(client, **scenario("error_after_delta"))
    assert row(client)["billed"] is False
    with pytest.raises(anthropic.APITimeoutError):
        ask(client.with_options(timeout=0.3), **scenario("stall seconds=600"))
    for name in ("bad_json", "bad_utf8"):
        with pytest.raises(ValueError):  # noqa: PT011  the JSON and the UTF-8 decoder have different words
            ask(client, **scenario(name))


@pytest.mark.parametrize("at", ["5", "end"])
def test_a_truncated_stream_ends_cleanly(client: anthropic.Anthropic, at: str):
    data = wire(client, **scenario(f"truncated at={at}"))
    assert not data.endswith(b"<broken>")
    assert "message_stop" not in events(data)
    assert row(client)["outcome"] == "truncated"


def test_stall_sends_nothing(url: str, client: anthropic.Anthropic):
    hasty = client.with_options(timeout=0.3)
    stream = hasty.messages.create(**body(stream=True), **scenario("stall seconds=600"))
    with pytest.raises(httpx2.ReadTimeout), stream:
        for _ in stream:
            pass


def test_stalled_stream_continues(client: anthropic.Anthropic):
    data = wire(client, **scenario("stall seconds=0.2"))
    assert events(data)[-1] == "message_stop"


def test_pings_keep_a_silent_stream_alive(client: anthropic.Anthropic):
    data = wire(client, **scenario("pings seconds=0.5 every=0.05"))
    assert events(data).count("ping") > 4
    assert events(data)[-1] == "message_stop"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("bad_json", ValueError),
        ("bad_utf8", ValueError),
        ("wrong_index", None),
        ("wrong_order", None),
        ("unknown_event", None),
        ("unknown_block", None),
        ("unknown_delta", None),
        ("no_event_name", None),
    ],
)
def test_garbage_scenarios_break_the_stream(
    client: anthropic.Anthropic, name: str, error: type[Exception] | None
):
    stream = client.messages.create(**body(stream=True), **scenario(name))
    if error:
        with pytest.raises(error):
            list(stream)
    else:
        assert list(stream)[-1].type == "message_stop"


def test_every_stream_scenario_is_tested_here():
    source = Path(__file__).read_text()
    for name in (name for name, entry in SCENARIOS.items() if entry.kind == "stream"):
        assert f'"{name}' in source


def test_an_unknown_block_is_accepted_back(client: anthropic.Anthropic):
    card = {"type": "simulated_card", "card": {"title": "From the future", "z": 1, "a": [1, 2]}}
    messages = [*body()["messages"], {"role": "assistant", "content": [card]}, *body("And?")["messages"]]
    assert ask(client, messages=messages).stop_reason == "end_turn"


def test_half_a_tool_input_is_cut_by_the_limit(client: anthropic.Anthropic):
    with client.messages.stream(**body(tools=[TOOL]), **scenario("max_tokens_tool")) as stream:
        written = "".join(event.partial_json for event in stream if event.type == "input_json")
        assert stream.get_final_message().stop_reason == "max_tokens"
    assert written.startswith("{")
    assert not written.endswith("}")


def test_one_huge_delta(client: anthropic.Anthropic):
    data = wire(client, **scenario("huge_delta bytes=300000"))
    assert data.count(b"text_delta") == 1
    assert len(data) > 300_000


def test_the_pace_spreads_the_deltas(client: anthropic.Anthropic):
    stream = client.messages.create(**body(stream=True), **scenario("long tokens=40 pace=50"))
    arrivals = [time.monotonic() for event in stream if event.type == "content_block_delta"]
    assert arrivals[-1] - arrivals[0] >= (len(arrivals) - 1) / 50 * 0.9


def test_a_slow_first_byte_delays_the_headers(client: anthropic.Anthropic):
    with pytest.raises(anthropic.APITimeoutError):
        ask(client.with_options(timeout=0.3), stream=True, **scenario("slow_first_byte first_byte=600"))
