"""The API's compaction: when it happens, what it costs, and that its block replaces all before it."""

from typing import Any

import anthropic
import pytest

from tests.simulator.asking import BOUND, ask, invoice, replay, said

BETA = {"anthropic-beta": "compact-2026-01-12"}
LONG = "word " * 40_000  # about 66,000 tokens


def edit(**fields: Any) -> dict[str, Any]:
    made = {"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 50_000}, **fields}
    return {"extra_headers": BETA, "extra_body": {"context_management": {"edits": [made]}}}


def test_a_long_prompt_is_summarised_first(client: anthropic.Anthropic) -> None:
    question = [said(LONG), {"role": "assistant", "content": "Yes."}, said("And now?")]
    message = ask(client, model=BOUND, messages=question, **edit())
    block, *rest = replay(message)["content"]
    assert block["type"] == "compaction"
    assert "Summary of 3 texts" in block["content"]
    assert {part["type"] for part in rest} == {"thinking", "text"}
    usage = message.usage.to_dict()
    compaction, own = usage["iterations"]
    assert compaction["type"] == "compaction"
    assert compaction["input_tokens"] > 60_000
    assert usage["input_tokens"] == own["input_tokens"] < 1_000
    row = invoice(client)["rows"][0]["usage"]  # type: ignore[index]
    assert row["input_tokens"] == compaction["input_tokens"] + own["input_tokens"]
    assert row["output_tokens"] == compaction["output_tokens"] + own["output_tokens"]
    # Sent back as it came, thinking included, it stands for everything before it.
    longer = [*question, replay(message), said("Go on.")]
    again = ask(client, model=BOUND, messages=longer, **edit())
    assert "compaction" not in {part["type"] for part in replay(again)["content"]}
    assert again.usage.input_tokens < 2_000
    counted = client.messages.count_tokens(model=BOUND, messages=longer, extra_headers=BETA)
    assert counted.input_tokens == again.usage.input_tokens


def test_stream_has_the_same_content(client: anthropic.Anthropic) -> None:
    whole = ask(client, LONG, **edit())
    with client.messages.stream(
        model=whole.model, max_tokens=4000, messages=[said(LONG)], **edit()
    ) as stream:
        events = [
            event.to_dict(mode="json", warnings=False)
            for event in stream
            if event.type == "content_block_delta"
        ]
    delta = events[0]["delta"]
    assert delta["type"] == "compaction_delta"
    assert delta["content"] == replay(whole)["content"][0]["content"]
    assert delta["encrypted_content"]


def test_short_prompt_is_not_compacted(client: anthropic.Anthropic) -> None:
    message = ask(client, "Hello", **edit())
    assert [block.type for block in message.content] == ["text"]
    assert "iterations" not in message.usage.to_dict()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (edit(trigger={"type": "input_tokens", "value": 49_999}), "greater than or equal to 50000"),
        (edit(trigger={"type": "tool_uses", "value": 60_000}), "input_tokens"),
        (edit(type="forget_everything"), "expected tags"),
        ({**edit(), "extra_headers": {"anthropic-beta": "context-management-2025-06-27"}}, "needs the beta"),
        (
            {"messages": [said("a"), {"role": "assistant", "content": [{"type": "compaction"}]}, said("b")]},
            "beta",
        ),
    ],
)
def test_invalid_compaction_edits_are_refused(
    client: anthropic.Anthropic, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=words):
        ask(client, **changes)


def test_an_empty_summary_is_refused(client: anthropic.Anthropic) -> None:
    empty = {"role": "assistant", "content": [{"type": "compaction", "content": ""}]}
    with pytest.raises(anthropic.BadRequestError, match="must not be empty"):
        ask(client, messages=[said("a"), empty, said("b")], extra_headers=BETA)
