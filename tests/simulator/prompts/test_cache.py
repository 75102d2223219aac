from typing import Any

import anthropic
import pytest

from chat.simulator.models import CATALOGUE
from tests.simulator.asking import MODEL, TOOL, ask, invoice, replay, said
from tests.support.clock import Clock

MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
BLOCK_TOKENS = 1_200  # one block of this size is above the model's minimum of 1,024
SYSTEM_OVERHEAD = 4


def block(letter: str = "s", mark: Any = None, tokens: int = BLOCK_TOKENS) -> dict[str, Any]:
    text = {"type": "text", "text": letter * (tokens * 3)}
    return text | {"cache_control": mark} if mark else text


def counters(message: anthropic.types.Message) -> tuple[int, int, int, int]:
    """Return (uncached, written for 5 minutes, written for an hour, read)."""
    usage = message.usage
    assert usage.cache_creation is not None
    five, hour = (
        usage.cache_creation.ephemeral_5m_input_tokens,
        usage.cache_creation.ephemeral_1h_input_tokens,
    )
    assert usage.cache_creation_input_tokens == five + hour
    return usage.input_tokens, five, hour, usage.cache_read_input_tokens or 0


def system(mark: Any = MARK) -> list[Any]:
    return [block("s", mark)]


@pytest.fixture
def size(client: anthropic.Anthropic) -> int:
    """Return the tokens of the system block as cached prefix."""
    return BLOCK_TOKENS + SYSTEM_OVERHEAD


def test_the_first_request_writes_and_the_second_reads(client: anthropic.Anthropic, size: int):
    first = counters(ask(client, system=system()))
    assert counters(ask(client, system=system())) == (first[0], 0, 0, size)
    assert first[1:] == (size, 0, 0)


def test_the_hour_has_its_own_counter(client: anthropic.Anthropic, size: int):
    assert counters(ask(client, system=system(HOUR)))[1:] == (0, size, 0)


def test_entries_belong_to_workspace_and_model(
    client: anthropic.Anthropic, stranger: anthropic.Anthropic, size: int
):
    ask(client, system=system())
    assert counters(ask(stranger, system=system()))[1:] == (size, 0, 0)
    assert counters(ask(client, system=system(), model="claude-fable-5"))[3] == 0


@pytest.mark.parametrize(("mark", "lifetime"), [(MARK, 300), (HOUR, 3600)])
def test_entries_expire_and_hits_refresh_them(
    client: anthropic.Anthropic, clock: Clock, size: int, mark: Any, lifetime: int
):
    ask(client, system=system(mark))
    for _ in range(3):
        clock.advance(lifetime - 1)
        assert counters(ask(client, system=system(mark)))[3] == size
    clock.advance(lifetime)
    assert counters(ask(client, system=system(mark)))[3] == 0


@pytest.mark.parametrize("model", [m.id for m in CATALOGUE if m.lifecycle == "active"])
def test_prompts_below_the_minimum_are_not_cached(client: anthropic.Anthropic, model: str):
    entry = next(m for m in CATALOGUE if m.id == model)
    for missing, cached in ((1, False), (0, True)):
        tokens = entry.min_cache_tokens - SYSTEM_OVERHEAD - missing
        text = {"type": "text", "text": "m" * (tokens * entry.chars_per_token), "cache_control": MARK}
        written = counters(ask(client, system=[text], model=model))[1]
        assert written == (entry.min_cache_tokens if cached else 0)


def test_a_growing_conversation_reads_what_it_wrote(client: anthropic.Anthropic):
    messages: list[Any] = [{"role": "user", "content": [block("u")]}]
    first = ask(client, messages=messages, cache_control=MARK)
    written = counters(first)[1]
    assert written == client.messages.count_tokens(model=MODEL, messages=messages).input_tokens
    messages += [replay(first), said("And then?")]
    second = counters(ask(client, messages=messages, cache_control=MARK))
    total = client.messages.count_tokens(model=MODEL, messages=messages).input_tokens
    assert second == (0, total - written, 0, written)


def test_two_lifetimes_in_one_prompt(client: anthropic.Anthropic, size: int):
    messages = [{"role": "user", "content": [block("u", MARK), {"type": "text", "text": "x"}]}]
    uncached, five, hour, read = counters(ask(client, system=system(HOUR), messages=messages))
    assert (five, hour, read) == (BLOCK_TOKENS + 4, size, 0)
    assert uncached == 1
    assert counters(ask(client, system=system(HOUR), messages=messages))[1:] == (0, 0, five + hour)


def test_the_hour_must_come_first(client: anthropic.Anthropic):
    with pytest.raises(anthropic.BadRequestError, match="1h"):
        ask(client, system=system(MARK), messages=[{"role": "user", "content": [block("u", HOUR)]}])


@pytest.mark.parametrize(
    ("count", "automatic", "accepted"), [(4, None, True), (5, None, False), (4, MARK, False)]
)
def test_four_breakpoints_are_the_limit(
    client: anthropic.Anthropic, count: int, automatic: Any, accepted: bool
):
    settings = {"cache_control": automatic} if automatic else {}
    request = {"system": [block("s", MARK) for _ in range(count)], **settings}
    if accepted:
        assert counters(ask(client, **request))[1] == count * BLOCK_TOKENS + SYSTEM_OVERHEAD
    else:
        with pytest.raises(anthropic.BadRequestError, match=f"maximum of 4 .* found {5}"):
            ask(client, **request)


def test_automatic_mark_equals_an_explicit_one(client: anthropic.Anthropic):
    messages = [{"role": "user", "content": [block("u", MARK)]}]
    assert counters(ask(client, messages=messages, cache_control=MARK))[1] == BLOCK_TOKENS + 4
    with pytest.raises(anthropic.BadRequestError, match="another ttl"):
        ask(client, messages=messages, cache_control=HOUR)


@pytest.mark.parametrize(("between", "hit"), [(18, True), (19, False)])
def test_reads_look_back_over_twenty_blocks(client: anthropic.Anthropic, between: int, hit: bool):
    head = block("u", MARK)
    ask(client, messages=[{"role": "user", "content": [head]}])
    filler = [{"type": "text", "text": f"part {number}"} for number in range(between)]
    content = [block("u"), *filler, {"type": "text", "text": "end", "cache_control": MARK}]
    read = counters(ask(client, messages=[{"role": "user", "content": content}]))[3]
    assert read == (BLOCK_TOKENS + 4 if hit else 0)


@pytest.mark.parametrize(
    ("changes", "system_kept"),
    [
        ({"tools": [TOOL]}, False),
        ({"model": "claude-opus-5-5", "speed": "fast"}, False),
        ({"output_config": {"effort": "low"}}, True),
        ({"thinking": {"type": "adaptive"}}, True),
    ],
)
def test_settings_invalidate_their_part_of_the_prefix(
    client: anthropic.Anthropic, size: int, changes: dict[str, Any], system_kept: bool
):
    request = {"system": system(), "messages": [{"role": "user", "content": [block("u", MARK)]}]}
    ask(client, **request, model=changes.get("model", MODEL))
    read = counters(ask(client, **request, **changes))[3]
    assert read == (size if system_kept else 0)


@pytest.mark.parametrize("mark", [{"type": "forever"}, {"type": "ephemeral", "ttl": "1d"}, "yes"])
def test_malformed_marks_are_refused(client: anthropic.Anthropic, mark: Any):
    with pytest.raises(anthropic.BadRequestError, match="cache_control"):
        ask(client, system=system(mark))


def test_thinking_cannot_carry_a_mark(client: anthropic.Anthropic):
    answer = replay(ask(client, "One", model="claude-opus-5"))
    answer["content"][0]["cache_control"] = MARK
    with pytest.raises(anthropic.BadRequestError, match="thinking blocks"):
        ask(client, messages=[said("One"), answer, said("Two")], model="claude-opus-5")


def test_zero_max_tokens_writes_without_an_answer(client: anthropic.Anthropic, size: int):
    warmed = ask(client, system=system(), max_tokens=0)
    assert (warmed.content, warmed.stop_reason, warmed.usage.output_tokens) == ([], "max_tokens", 0)
    assert counters(ask(client, system=system()))[3] == size


def test_a_failed_attempt_writes_nothing(client: anthropic.Anthropic, size: int):
    with pytest.raises(anthropic.OverloadedError):
        ask(client, "[[scenario:overloaded]]", system=system())
    assert counters(ask(client, system=system()))[1:] == (size, 0, 0)


def test_invoice_equals_the_usage_of_the_answer(client: anthropic.Anthropic, size: int):
    for _ in range(2):
        ask(client, system=system(HOUR))
    totals = invoice(client)["totals"]
    assert totals["ephemeral_1h_input_tokens"] == totals["cache_creation_input_tokens"] == size
    assert totals["cache_read_input_tokens"] == size
