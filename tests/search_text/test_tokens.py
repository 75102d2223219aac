"""Tokens of the index: words, and pairs of characters where a script writes no spaces."""

import uuid

import pytest

from chat.search_text.fold import fold
from chat.search_text.tokens import LONGEST_TOKEN, MOST_BYTES, index_tokens, owner_token


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The garden, the GARDEN", ["the", "garden"]),
        ("서울시청", ["서울", "울시", "시청"]),
        ("집", ["집"]),
        ("iPhone에서 3월", ["iphone", "에서", "3", "월"]),
        ("東京タワーに", ["東京", "京タ", "タワ", "ワー", "ーに"]),
        ("foo_bar-baz.py", ["foo", "bar", "baz", "py"]),
        ("ภาษา", ["ภา", "าษ", "ษา"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("good 🎉🎉", ["good", "🎉"]),
        ("ㅋㅋㅋ", ["ᄏᄏ"]),
        (" .,!", []),
        ("a" * 100, ["a" * LONGEST_TOKEN]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert index_tokens(fold(text)) == tokens


def test_tokens_fit_into_a_tsvector() -> None:
    kept = index_tokens(" ".join(f"{number:060x}" for number in range(20_000)))
    assert MOST_BYTES - 100 < sum(len(token) for token in kept) <= MOST_BYTES


def test_tokens_are_free_of_quotes_and_separators() -> None:
    every = "".join(map(chr, range(0x20, 0x3000)))
    assert all(not set(token) & set("'\"\\%*&|!:() ") for token in index_tokens(fold(every)))


def test_owner_token_is_one_word() -> None:
    token = owner_token(uuid.UUID(int=5))
    assert index_tokens(token) == [token]
