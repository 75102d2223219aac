"""The simulator runs in the web server's process, so it keeps no request, answer or file after it has answered."""

import gc
import sys

import anthropic
import pytest

from chat.simulator.prompts import tokens
from chat.simulator.replies import texts
from chat.simulator.replies.reply import Part, Reply
from chat.simulator.transport import stream
from tests.simulator.asking import ask, body, invoice


def test_answered_requests_are_not_kept(client: anthropic.Anthropic) -> None:
    for number in range(3):
        ask(client, f"Question {number}")
        with client.messages.stream(**body(f"Streamed {number}")) as streamed:
            streamed.until_done()
    assert invoice(client)["totals"]["requests"] == 6
    gc.collect()
    assert sum(type(one) is Reply for one in gc.get_objects()) <= 1  # the last may be ending


def test_counted_pdfs_are_not_kept() -> None:
    tokens._counted.clear()
    data = b"%PDF-1.7 damaged " + b"x" * 1000
    before = sys.getrefcount(data)
    assert tokens.pdf_pages(data) == 1
    assert sys.getrefcount(data) == before
    for number in range(tokens.MAX_COUNTED):
        tokens.pdf_pages(b"%d" % number)
    assert len(tokens._counted) == tokens.MAX_COUNTED


@pytest.mark.parametrize("characters", [stream.LONGEST_KEPT_CHARACTERS, stream.LONGEST_KEPT_CHARACTERS + 1])
def test_frames_of_long_texts_are_not_kept(characters: int) -> None:
    part = Part("text", "x" * characters, characters)
    stream._kept_deltas.cache_clear()
    frames = stream._part_frames(part, 0, 0, 3)
    assert b"".join(frame.data for frame in frames).count(b"x") >= characters
    assert stream._kept_deltas.cache_info().currsize == int(characters <= stream.LONGEST_KEPT_CHARACTERS)


@pytest.mark.parametrize("wanted", [texts.LONGEST_KEPT_TOKENS, texts.LONGEST_KEPT_TOKENS + 1])
def test_long_prose_is_not_kept(wanted: int) -> None:
    texts._kept_prose.cache_clear()
    assert tokens.count(texts.prose(7, wanted, 3), 3) == wanted
    assert texts._kept_prose.cache_info().currsize == int(wanted <= texts.LONGEST_KEPT_TOKENS)
