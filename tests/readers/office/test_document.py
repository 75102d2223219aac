"""Office files that inflate to endless text are cut at the limit, whichever kind they are."""

import time

import pytest

from chat.readers.errors import Refused
from chat.readers.office import archive
from chat.readers.office import document as office
from tests.readers import inflated
from tests.support import media

MOST = 100_000


def text_of(data: bytes) -> str:
    return office.read_office(data, max_characters=MOST)[1][0].decode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (inflated.wide_word(2_000_000_000), "too_large"),
        (inflated.wide_word(100_000), "too_large"),
        (inflated.wide_word(1000, rows=200), "too_large"),
        (inflated.wide_word(990, rows=200), "too_long"),
        (inflated.long_word(400), "too_long"),
        (inflated.repeated_strings(1), "too_long"),
        (inflated.repeated_strings(5_000), "too_long"),
        (inflated.wide_slides(2_000_000_000, 100), "too_long"),
    ],
    ids=range(8),
)
def test_inflation_ends_at_the_limit(data: bytes, code: str) -> None:
    assert len(data) < 100_000
    began = time.process_time()
    with pytest.raises(Refused, match=code):
        text_of(data)
    assert time.process_time() - began < 10


def test_declared_sheet_size_is_ignored() -> None:
    began = time.process_time()
    assert text_of(inflated.lying_sheet()) == text_of(media.sheets()) == "# Fruit\napples,3\n\n# Empty\n"
    assert time.process_time() - began < 5


def test_columns_keep_their_places() -> None:
    spanned = text_of(inflated.wide_word(3)).splitlines()
    assert spanned[-1] == '"apples, red",,,3'


def test_empty_cells_at_the_end_of_a_row_are_left_out() -> None:
    data = inflated.rewritten(media.word(), "word/document.xml", lambda text: text.replace(">3<", "><"))
    assert text_of(data).splitlines()[-1] == '"apples, red"'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (media.archive({"readme.txt": "Hello"}), "archive"),
        (media.archive({"word/document.xml": b" " * (archive.MAX_MARKUP_BYTES + 1)}), "too_large"),
    ],
)
def test_archives_are_checked_before_reading(data: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        text_of(data)
