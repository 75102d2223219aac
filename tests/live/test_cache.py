"""A conversation over a real socket reads the cache entries that it wrote at the upstream."""

from tests.support.parley import Parley

LONG = "The lighthouse stands on a rock. " * 800
REPLY = "[[scenario:long tokens=30]]"


async def test_conversation_reads_its_cache_entries(parley: Parley) -> None:
    model = parley.connection("cached", kind="anthropic")
    async with parley.socket() as client:
        first = await client.start(f"{LONG}{REPLY}", model=model)
        answer = (await client.finished(first["turn"]))["message"]
        second = await client.start(
            f"And then? {REPLY}", model=model, conversation=first["conversation"], parent=answer
        )
        await client.finished(second["turn"])
        other = await client.start(f"Other words. {REPLY}", model=model)
        await client.finished(other["turn"])
    one, two, three = (parley.rows.calls(started["turn"])[0] for started in (first, second, other))
    written = one["cache_write_5m_tokens"] + one["cache_write_1h_tokens"]
    assert written > 4096
    assert two["cache_read_tokens"] == written
    assert (three["cache_read_tokens"], three["cache_miss_reason"]) == (0, "")
    assert {call["cache_miss_reason"] for call in (one, two)} == {""}
    assert all(call["upstream_message_id"].startswith("msg_") for call in (one, two, three))


async def test_a_retry_of_another_length_reads_them_too(parley: Parley) -> None:
    """Its sentence stands behind the cached part, and later turns repeat it."""
    model = parley.connection("lengths", kind="anthropic")
    async with parley.socket() as client:
        first = await client.start(f"{LONG}{REPLY}", model=model)
        await client.finished(first["turn"])
        again = await client.ask(type="turn.retry", turn=first["turn"], length="shorter")
        assert again["user_message"] == first["user_message"]
        answer = (await client.finished(again["turn"]))["message"]
        later = await client.start(
            f"And then? {REPLY}", model=model, conversation=first["conversation"], parent=answer
        )
        await client.finished(later["turn"])
        refused = await client.ask(type="turn.retry", turn=first["turn"], length="brief")
        assert (refused["type"], refused["code"]) == ("error", "invalid")
    one, two, three = (parley.rows.calls(started["turn"])[0] for started in (first, again, later))
    written = one["cache_write_5m_tokens"] + one["cache_write_1h_tokens"]
    assert written > 4096
    assert two["cache_read_tokens"] == three["cache_read_tokens"] == written
    assert two["input_tokens"] > one["input_tokens"]
    assert {call["cache_miss_reason"] for call in (one, two, three)} == {""}
