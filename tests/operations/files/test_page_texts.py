"""Texts of PDF pages: read once, one at a time for each person; quotations are found without expressions."""

import threading
from collections.abc import Iterator

import pytest

from chat.models import Attachment, User
from chat.operations.files import page_texts, storage
from chat.operations.files.page_texts import PageText, find_quote, page_text
from chat.operations.files.uploads import store_upload
from chat.readers.errors import Busy, Exceeded
from chat.readers.process import sandbox
from tests.support import media

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    page_texts._kept.clear()
    yield
    page_texts._kept.clear()


@pytest.fixture
def paper(insider: User) -> Attachment:
    return store_upload(owner=insider, name="paper.pdf", data=media.pdf("First page", "Second\npage"))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pages that were read in the sandbox."""
    found: list[int] = []
    real = sandbox.run_in_place

    def run(job: str, data: bytes, **options: object) -> sandbox.JobResult:
        found.append(int(str(options["number"])))
        return real(job, data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sandbox, "run_in_place", run)
    return found


def test_a_page_is_read_once(paper: Attachment, runs: list[int]) -> None:
    texts = [page_text(paper, number).text.split() for number in (2, 1, 2, 2, 9)]
    assert texts == [["Second", "page"], ["First", "page"], ["Second", "page"], ["Second", "page"], []]
    assert runs == [2, 1, 9]


def test_only_the_last_pages_are_kept(
    paper: Attachment, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_texts, "_KEPT", 1)
    for number in (1, 2, 2, 1):
        page_text(paper, number)
    assert runs == [1, 2, 1]


def test_long_pages_are_cut(paper: Attachment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_texts, "MOST_CHARACTERS", 5)
    assert page_text(paper, 1) == PageText("First", cut=True)


def test_a_page_that_takes_too_long_has_no_text(paper: Attachment, monkeypatch: pytest.MonkeyPatch) -> None:
    def exceed(*_arguments: object, **_options: object) -> None:
        raise Exceeded("pdf_page")

    monkeypatch.setattr(sandbox, "run_in_place", exceed)
    assert page_text(paper, 1) == PageText("")


def test_a_person_waits_for_their_own_files_alone(
    paper: Attachment, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_texts, "WAIT_SECONDS", 0)
    theirs = store_upload(owner=outsider, name="theirs.pdf", data=media.pdf("Theirs"))
    with sandbox.FILES.places.taken(str(paper.owner_id)):
        with pytest.raises(Busy):
            page_text(paper, 1)
        assert page_text(theirs, 1).text == "Theirs"
    assert page_text(paper, 1).text == "First page"


def test_requests_that_waited_find_the_text(paper: Attachment, runs: list[int]) -> None:
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(page_text(paper, 1).text))
    places = sandbox.FILES.places
    with places.taken(str(paper.owner_id)):
        waiting.start()
        while not places.waiting():
            pass
        page_texts._keep(((paper.sent or paper.original).digest, 1), PageText("read meanwhile"))
    waiting.join()
    assert (found, runs) == (["read meanwhile"], [])


def test_a_lost_file_is_an_error(paper: Attachment) -> None:
    storage.default_storage.delete(paper.original.path)
    with pytest.raises(OSError, match="No such file"):
        page_text(paper, 1)


@pytest.mark.parametrize(
    ("text", "quote", "marked"),
    [
        ("Sky.\nGrass is\n  green here", "Grass is green", "Grass is\n  green"),
        ("a b", "a  b", "a b"),
        ("one", "two", ""),
        ("", "two", ""),
        ("one", " \n", ""),
        ("x (a+)+$ y", "(a+)+$", "(a+)+$"),
        ("pre-fix word", "fix wo", "fix wo"),
        ("한국어 문서\n입니다", "문서 입니다", "문서\n입니다"),
        ("a " * 5_000, "a " * 499 + "b", "a " * 39 + "a"),
    ],
)
def test_a_quotation_is_found_across_lines(text: str, quote: str, marked: str) -> None:
    start, end = find_quote(text, quote)
    assert text[start:end] == marked


def test_only_the_first_words_are_looked_for() -> None:
    words = [f"w{number}" for number in range(60)]
    start, end = find_quote("Before. " + " ".join(words), " ".join([*words[: page_texts.MOST_WORDS], "else"]))
    assert (start, end) == (8, 8 + len(" ".join(words[: page_texts.MOST_WORDS])))


def test_no_expression_is_made_of_a_quotation(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        pytest.fail("an expression was made of input")

    for name in ("search", "match", "finditer", "compile"):
        monkeypatch.setattr(f"re.{name}", fail)
    assert find_quote("a " * 50 + "b", "a b") == (98, 101)
