"""Files that an answer made: cards, downloads and pictures, over real HTTP, for their owner alone."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import ApiCall, Conversation, Message, ProviderConnection
from chat.operations.files import made_files
from chat.simulator import files
from chat.web.files.made_files import FetchedFileResponse
from tests import factories
from tests.support.simulator import Upstream

ROUTES = ["made_file", "made_file_shown", "made_file_card"]
CHART, TABLE, HOSTILE = (f"file_sim_{name}" for name in ("chart", "table", "hostile"))


def ran(*ids: str) -> dict[str, Any]:
    outputs = [{"type": "bash_code_execution_output", "file_id": name} for name in ids]
    content = {
        "type": "bash_code_execution_result",
        "stdout": "ok",
        "stderr": "",
        "return_code": 0,
        "content": outputs,
    }
    return {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": content}


@pytest.fixture
def answer(chat: Conversation, simulator: Upstream) -> Message:
    """The insider's answer that made three files, and one that the provider does not have."""
    row = factories.provider("Simulator", base_url=simulator.url)
    made = factories.turn(
        chat, answer="Made.", model=factories.language_model(connection=row), parent=chat.active_leaf
    )
    factories.call(made)
    message = made.messages.get(role="assistant")
    message.content = [ran(CHART, TABLE, HOSTILE, "file_gone"), {"type": "text", "text": "Made."}]
    message.save()
    return message


def get(browser: Client, route: str, message: Message, file_id: str) -> Any:
    return browser.get(reverse(route, args=[message.id, file_id]))


def body(response: Any) -> bytes:
    # Not the response itself: that would end the request, and with it the test's database.
    with response._file:
        return b"".join(response)


def test_a_file_is_a_download_under_its_name(browser: Client, answer: Message) -> None:
    response = get(browser, "made_file", answer, TABLE)
    assert body(response) == files.FILES[TABLE][2]
    assert response.headers["Content-Disposition"] == 'attachment; filename="numbers.csv"'
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Length"] == str(len(files.FILES[TABLE][2]))
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]


def test_a_picture_is_shown_by_its_bytes_alone(browser: Client, answer: Message) -> None:
    response = get(browser, "made_file_shown", answer, CHART)
    assert response.headers["Content-Type"] == "image/png"
    assert body(response).startswith(b"\x89PNG")
    assert get(browser, "made_file_shown", answer, TABLE).status_code == 404
    assert get(browser, "made_file_shown", answer, HOSTILE).status_code == 404


def test_names_and_types_of_the_provider_decide_nothing(browser: Client, answer: Message) -> None:
    response = get(browser, "made_file", answer, HOSTILE)
    assert body(response) == files.FILES[HOSTILE][2]
    assert "X-Evil" not in response.headers
    assert "\n" not in response.headers["Content-Disposition"]
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_cards_tell_name_and_size_or_why_not(browser: Client, answer: Message) -> None:
    picture = get(browser, "made_file_card", answer, CHART).content.decode()
    assert "chart.png" in picture
    assert "data-picture" in picture
    table = get(browser, "made_file_card", answer, TABLE).content.decode()
    assert "numbers.csv" in table
    assert "data-picture" not in table
    gone = get(browser, "made_file_card", answer, "file_gone")
    assert (gone.status_code, b"no longer has this file" in gone.content) == (200, True)
    assert get(browser, "made_file", answer, "file_gone").status_code == 410
    assert get(browser, "made_file_shown", answer, "file_gone").status_code == 410


def test_the_thread_shows_the_files_behind_the_steps(browser: Client, answer: Message) -> None:
    page = browser.get(f"/c/{answer.conversation_id}").content.decode().partition('id="pending"')[0]
    page = page.partition('id="thread"')[2]
    assert page.index('data-type="steps"') < page.index('data-type="files"') < page.index(">Made.<")
    assert page.count("data-made-file=") == 4


@pytest.mark.parametrize("route", ROUTES)
def test_files_are_for_the_owner_alone(
    route: str, signed_in: Callable[[str], Client], answer: Message, simulator: Upstream
) -> None:
    for name in ("colleague", "outsider"):
        assert get(signed_in(name), route, answer, CHART).status_code == 404
    assert get(Client(), route, answer, CHART).status_code == 302


@pytest.mark.parametrize("route", ROUTES)
def test_an_id_that_the_answer_does_not_name_is_not_asked_for(
    route: str, browser: Client, answer: Message
) -> None:
    answer.content = [{"type": "text", "text": f"file_id {CHART}"}]
    answer.save()
    assert get(browser, route, answer, CHART).status_code == 404
    question = answer.parent
    assert question is not None
    Message.objects.filter(id=question.id).update(content=[ran(CHART)])
    assert get(browser, route, question, CHART).status_code == 404


def test_without_its_connection_a_file_cannot_be_had(browser: Client, answer: Message) -> None:
    ProviderConnection.objects.filter(name="Simulator").update(enabled=False)
    assert get(browser, "made_file", answer, TABLE).status_code == 502
    ApiCall.objects.filter(message=answer).update(connection=None)
    assert b"right now" in get(browser, "made_file_card", answer, TABLE).content


def test_a_file_that_is_too_large_ends_early(
    browser: Client, answer: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_files, "LARGEST_BYTES", 10)
    assert get(browser, "made_file", answer, CHART).status_code == 413


async def test_the_file_is_sent_in_pieces_to_a_server_with_a_loop(answer: Message) -> None:
    file = io.BytesIO(b"x" * 300_000)
    response = FetchedFileResponse(file, content_type="application/octet-stream")
    assert [len(part) async for part in response] == [262_144, 37_856]
    response.close()
    assert file.closed
