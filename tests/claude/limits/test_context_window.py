"""How full a context window is, and when it has to be summarised."""

from typing import Any

import pytest

from chat.claude.billing.pricing import estimate_tokens
from chat.claude.limits import compaction, context_window
from chat.claude.request.transcript import PathMessage, to_messages


@pytest.mark.parametrize(
    ("window", "answer", "trigger"),
    [(1_000_000, 128_000, 741_200), (200_000, 64_000, 115_600), (8_192, 8_192, 3_481), (8_192, 1_000, 6_113)],
)
def test_compaction_trigger_leaves_space_for_the_answer(window: int, answer: int, trigger: int) -> None:
    assert context_window.trigger_tokens(window, answer) == trigger
    assert not context_window.must_compact(trigger, max_input_tokens=window, max_tokens=answer)
    assert context_window.must_compact(trigger + 1, max_input_tokens=window, max_tokens=answer)


def test_context_tokens_sum_prompt_and_output() -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 30,
        "output_tokens": 4,
        "iterations": [{"type": "compaction", "input_tokens": 90_000, "output_tokens": 900}],
    }
    assert context_window.context_tokens(usage) == 244
    assert context_window.context_tokens(None) == 0


def test_guessed_tokens_of_blocks() -> None:
    words = {"type": "text", "text": "x" * 300}
    result = {"type": "tool_result", "tool_use_id": "1", "content": [words, {"type": "image"}]}
    assert context_window.content_tokens([words, result]) == 100 + 100 + context_window.MAX_MEDIA_TOKENS
    assert context_window.content_tokens([{"type": "tool_use", "input": {}}]) > 5


def test_compaction_by_the_api_is_requested_and_found() -> None:
    assert compaction.has_compaction(
        [{"type": "text", "text": "x"}, {"type": "compaction", "content": "Short."}]
    )
    assert not compaction.has_compaction([{"type": "compaction", "content": None}])
    arguments = compaction.with_compaction({"model": "m"}, 1000)
    assert arguments["model"] == "m"
    assert arguments["extra_headers"] == {"anthropic-beta": "compact-2026-01-12"}
    edit = arguments["extra_body"]["context_management"]["edits"][0]
    assert (edit["type"], edit["trigger"]) == ("compact_20260112", {"type": "input_tokens", "value": 50_000})


def test_a_quoted_transcript_keeps_the_newest() -> None:
    parts = [("user", "a" * 3000), ("assistant", "나" * 600), ("user", "c" * 300)]
    whole = compaction.quoted_transcript(parts, 10_000)
    assert whole.index("aaa") < whole.index("나") < whole.index("ccc")
    cut = compaction.quoted_transcript(parts, 400)
    assert "aaa" not in cut
    assert "나…" in cut
    assert "c" * 300 in cut
    assert estimate_tokens(cut) < 460


@pytest.mark.parametrize(
    ("tokens", "exact", "verdict"),
    [
        (512, True, "reached"),
        (511, True, "below"),
        (520, False, "unsure"),
        (300, False, "below"),
        (700, False, "reached"),
    ],
)
def test_cache_reach_compares_with_the_minimum(tokens: int, exact: bool, verdict: str) -> None:
    assert context_window.cache_reach(tokens, 512, exact=exact) == verdict


def test_summary_text_is_introduced() -> None:
    assert "<summary>\nShort.\n</summary>" in compaction.summary_text("Short.")


def test_request_fits_the_context_window() -> None:
    assert context_window.fits_context(900, max_input_tokens=1000, max_tokens=100)
    assert not context_window.fits_context(901, max_input_tokens=1000, max_tokens=100)
    assert context_window.fits_context(500, max_input_tokens=1000, max_tokens=1000)


COMPACTION = {"type": "compaction", "content": "Short.", "encrypted_content": "secret"}
FAILED = {"type": "compaction", "content": None}
THOUGHT = {"type": "thinking", "thinking": "x", "signature": "s"}


def said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def test_path_begins_at_the_last_unsupported_compaction() -> None:
    question, next_one = PathMessage("user", [said("How high?")]), PathMessage("user", [said("Why?")])
    first = PathMessage("assistant", [{**COMPACTION, "content": "Older."}, said("Very.")], frame="f")
    second = PathMessage("assistant", [FAILED, COMPACTION, THOUGHT, FAILED, said("So.")], frame="f")
    third = PathMessage("assistant", [FAILED, said("Yes.")], frame="f")
    path = [question, first, next_one, second, next_one, third, next_one]
    assert to_messages(compaction.from_last_compaction(path), "f") == [
        {"role": "user", "content": [said(compaction.summary_text("Short."))]},
        {"role": "assistant", "content": [said("So.")]},
        *to_messages([next_one], "f"),
        {"role": "assistant", "content": [said("Yes.")]},
        *to_messages([next_one], "f"),
    ]
    assert compaction.from_last_compaction([question, third, next_one])[0] == question
    alone = PathMessage("assistant", [COMPACTION])
    assert to_messages(compaction.from_last_compaction([question, alone, next_one]), "f") == [
        {"role": "user", "content": [said(compaction.summary_text("Short.")), said("Why?")]}
    ]


@pytest.mark.parametrize("block", [COMPACTION, FAILED])
def test_compaction_blocks_need_their_beta(block: dict[str, Any]) -> None:
    plain = {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": [said("Hi")]}]}
    assert compaction.with_compaction_beta(plain) == plain
    asked = {"messages": [*plain["messages"], {"role": "assistant", "content": [block]}]}
    assert compaction.with_compaction_beta(asked)["extra_headers"] == {
        "anthropic-beta": compaction.COMPACTION_BETA
    }


def test_prompt_is_estimated_by_what_the_model_reads() -> None:
    said: list[dict[str, Any]] = [
        {"role": "user", "content": "x" * 300},
        {"role": "user", "content": [{"type": "text", "text": "y" * 300}, {"type": "image", "source": {}}]},
    ]
    request = {"model": "m" * 3000, "max_tokens": 9, "extra_headers": {"a": "b" * 3000}, "messages": said}
    assert context_window.estimate_prompt(request) == 100 + 100 + context_window.MAX_MEDIA_TOKENS
    assert context_window.estimate_prompt({**request, "system": "z" * 298}) == (
        100 + 100 + 100 + context_window.MAX_MEDIA_TOKENS
    )
    assert context_window.estimate_prompt({}) == 0
