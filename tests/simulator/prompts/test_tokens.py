import base64
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.simulator.models import CATALOGUE, find
from chat.simulator.prompts import tokens
from tests.support import media

MODEL = find("claude-opus-5") or CATALOGUE[0]


@pytest.mark.parametrize(
    ("text", "per", "expected"),
    [
        ("", 3, 0),
        ("a", 3, 1),
        ("abc", 3, 1),
        ("abcd", 3, 2),
        ("abcd", 4, 1),
        ("안녕", 3, 2),
        ("ab 안녕", 3, 3),
    ],
)
def test_text_is_counted_by_characters(text: str, per: int, expected: int):
    assert tokens.count(text, per) == expected


@given(text=st.text(), budget=st.integers(0, 40), per=st.sampled_from([3, 4]))
def test_a_cut_text_is_the_longest_that_fits(text: str, budget: int, per: int):
    kept = tokens.cut(text, budget, per)
    assert text.startswith(kept)
    assert tokens.count(kept, per) <= budget
    assert kept == text or tokens.count(text[: len(kept) + 1], per) > budget


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + struct.pack(">II", width, height)
    return base64.b64encode(head + b"\x00" * 40).decode()


def image(data: str, media_type: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (image(png(28, 28)), 1),
        (image(png(29, 56)), 4),
        (image(png(8000, 8000)), 4784),
        (image("AAAA", "image/jpeg"), 4784),
        ({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}, 4784),
        ({"type": "document", "source": {"type": "text", "data": "abcdef"}, "title": "abc"}, 3),
        ({"type": "document", "source": {"type": "content", "content": "abc"}}, 1),
        ({"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}, 2000),
        (
            {
                "type": "document",
                "source": {
                    "type": "base64",
                    "data": base64.b64encode(media.packed_pdf(2)).decode(),
                },
            },
            4000,
        ),
        ({"type": "tool_result", "tool_use_id": "a", "content": "abc"}, 9),
        ({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "abc"}]}, 9),
        ({"type": "tool_result", "tool_use_id": "a"}, 8),
    ],
)
def test_blocks_have_token_counts(block: dict[str, Any], expected: int):
    assert tokens.block_tokens(block, MODEL) == expected


def test_cache_marks_cost_nothing():
    use = {"type": "tool_use", "id": "a", "name": "b", "input": {"c": 1}}
    marked = use | {"cache_control": {"type": "ephemeral"}}
    assert tokens.block_tokens(use, MODEL) == tokens.block_tokens(marked, MODEL)
