"""The search page: results with highlighted hits, and opening a conversation at a message."""

import html
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation, Message, Project, User
from tests import factories

HTMX = {"HX-Request": "true"}


def page(browser: Client, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_hits_are_highlighted_below_their_title(browser: Client, insider: User) -> None:
    chat = factories.conversation(insider, "오늘 정원에 물을 주었다", "Yes.", title="우리 정원 & <b>more</b>")
    answer = browser.get("/search", {"q": "정원"}).content.decode()
    assert "우리 <mark>정원</mark> &amp; &lt;b&gt;more" in answer
    assert "오늘 <mark>정원</mark>에 물을" in answer
    message = chat.messages.get(role="user")
    assert f'href="/c/{chat.id}?message={message.id}&amp;q=%EC%A0%95%EC%9B%90"' in answer
    assert answer.count('class="results__group"') == 1
    assert "2 results" in answer


def test_a_project_narrows_the_search_down(
    browser: Client, insider: User, signed_in: Callable[[str], Client]
) -> None:
    project = Project.objects.create(owner=insider, name="Bridge")
    factories.conversation(insider, *("garden",) * 60, title="Inside", project=project)
    factories.conversation(insider, "garden", title="Outside")
    shown = page(browser, "/search", q="garden", project=str(project.id))
    assert "Outside" not in shown
    assert f'name="project" value="{project.id}"' in shown
    assert f"project={project.id}&cursor=" in shown
    assert "Outside" in page(browser, "/search", q="garden", project="")
    outsider = signed_in("outsider")
    assert outsider.get("/search", {"q": "garden", "project": project.id}).status_code == 404


def test_results_are_grouped_and_marked_as_archived(browser: Client, insider: User) -> None:
    factories.conversation(insider, "garden one", "garden two", title="First")
    factories.conversation(insider, "garden three", title="Second", archived=True)
    shown = page(browser, "/search", q="garden")
    assert re.findall(r"data-result>(First|Second)<", shown) == ["Second", "First"]
    assert shown.count("results__badge") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Words find titles and messages"),
        ("없는말", "Nothing contains “없는말”."),
        ("없", "No title matches. Type one more character"),
        ("집", "Only titles were searched."),
        ("word", "The newest results come first."),
    ],
)
def test_state_of_the_results_is_said(words: str, said: str, browser: Client, insider: User) -> None:
    factories.conversation(insider, *["word"] * 30, title="집")
    assert said in page(browser, "/search", q=words)


def test_backlog_is_said(browser: Client, insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.search.index.PORTION", 1)
    factories.conversation(insider, "word", "word")
    assert "still being indexed" in page(browser, "/search", q="word")


def test_htmx_gets_the_results_alone_and_then_the_next_ones(browser: Client, insider: User) -> None:
    factories.conversation(insider, *(f"word {number}" for number in range(25)))
    first = browser.get("/search", {"q": "word"}, headers=HTMX).content.decode()
    assert "<html" not in first
    assert 'id="results"' in first
    following = html.unescape(re.findall(r'hx-get="([^"]+)"', first)[0])
    rest = browser.get(following, headers=HTMX).content.decode()
    assert 'id="results"' not in rest
    assert rest.count('results__hit"') == 5
    assert "data-more" not in rest


def test_foreign_cursor_is_not_found(browser: Client) -> None:
    assert browser.get("/search", {"q": "a", "cursor": "x"}).status_code == 404


def test_others_find_nothing(browser: Client, insider: User, outsider: User, signed_in: Any) -> None:
    factories.conversation(insider, "secret garden", title="garden secret")
    assert "Nothing contains" in page(signed_in("outsider"), "/search", q="garden")


@pytest.fixture
def long_chat(insider: User) -> Conversation:
    return factories.long_conversation(insider, 150)


def numbers(shown: str) -> list[int]:
    return [int(number) for number in re.findall(r"Message (\d+)<", shown)]


def at(chat: Conversation, number: int) -> Message:
    return chat.messages.get(text=f"Message {number}")


def test_conversation_opens_at_a_message_far_up(browser: Client, long_chat: Conversation) -> None:
    wanted = at(long_chat, 50)
    shown = page(browser, f"/c/{long_chat.id}", message=str(wanted.id), q="Message fifty")
    assert numbers(shown) == [*range(40, 62)]
    assert f'data-found="{wanted.id}"' in shown
    assert 'data-words="["message", "fifty"]"' in shown
    assert f'hx-get="/c/{long_chat.id}/later?after={at(long_chat, 61).id}"' in shown
    assert f'href="/c/{long_chat.id}"' in shown
    assert f'hx-get="/c/{long_chat.id}/earlier?before={at(long_chat, 40).id}"' in shown


def test_later_messages_follow_to_the_end(browser: Client, long_chat: Conversation) -> None:
    after, seen = at(long_chat, 61), []
    while True:
        shown = page(browser, f"/c/{long_chat.id}/later", after=str(after.id))
        assert "/earlier?" not in shown
        seen += numbers(shown)
        if "/later?" not in shown:
            break
        after = at(long_chat, seen[-1])
    assert seen == [*range(62, 150)]
    assert page(browser, f"/c/{long_chat.id}/later", after=str(long_chat.active_leaf_id)) == ""
    assert browser.get(f"/c/{long_chat.id}/later", {"after": str(uuid.UUID(int=9))}).status_code == 404


@pytest.mark.parametrize(("number", "first"), [(149, 130), (141, 130), (135, 125), (3, 0)])
def test_page_around_a_message_begins_above_it(
    number: int, first: int, browser: Client, long_chat: Conversation
) -> None:
    shown = numbers(page(browser, f"/c/{long_chat.id}", message=str(at(long_chat, number).id)))
    assert shown[0] == first
    assert number in shown


def test_answer_of_several_messages_is_found_by_each(browser: Client, chat: Conversation) -> None:
    answer = chat.messages.get(role="assistant")
    results = factories.message(chat, answer, "", kind="results", turn=answer.turn)
    last = factories.message(chat, results, "And more.", role="assistant", turn=answer.turn)
    Conversation.objects.update(active_leaf=last)
    assert f'data-found="{last.id}"' in page(browser, f"/c/{chat.id}", message=str(answer.id))


def test_branch_of_the_message_is_chosen_and_said(browser: Client, insider: User) -> None:
    chat = factories.conversation(insider, "question", "answer")
    before, other = chat.active_leaf, factories.message(chat, None, "another question")
    shown = page(browser, f"/c/{chat.id}", message=str(other.id))
    assert "another question" in shown
    assert "That version is shown now." in shown
    assert f'href="/c/{chat.id}?message={before.id}"' in shown
    chat.refresh_from_db()
    assert chat.active_leaf == other
    assert "That version is shown now." not in page(browser, f"/c/{chat.id}", message=str(other.id))


def test_branch_stays_while_an_answer_is_written(browser: Client, chat: Conversation) -> None:
    other = factories.message(chat, None, "another question")
    factories.turn(chat, status="running", parent=chat.active_leaf, answer="")
    shown = page(browser, f"/c/{chat.id}", message=str(other.id))
    assert "can’t be shown while an answer is written" in shown
    assert "another question" not in shown
    assert "data-found" not in shown


@pytest.mark.parametrize("message", ["", "nonsense", str(uuid.UUID(int=9))])
def test_message_that_is_gone_is_said(message: str, browser: Client, chat: Conversation) -> None:
    assert "is not in this conversation any more" in page(browser, f"/c/{chat.id}", message=message)


def test_messages_of_others_are_gone(browser: Client, chat: Conversation, outsider: User) -> None:
    theirs = factories.conversation(outsider, "theirs")
    shown = page(browser, f"/c/{chat.id}", message=str(theirs.active_leaf_id))
    assert "is not in this conversation any more" in shown
    own = factories.conversation(chat.owner, "mine elsewhere")
    for foreign in (theirs, own):
        address = {"after": str(foreign.active_leaf_id)}
        assert browser.get(f"/c/{chat.id}/later", address).status_code == 404


def test_looking_at_the_head_chooses_no_branch(browser: Client, chat: Conversation) -> None:
    other, leaf = factories.message(chat, None, "another question"), chat.active_leaf
    assert browser.head(f"/c/{chat.id}", {"message": str(other.id)}).status_code == 200
    chat.refresh_from_db()
    assert chat.active_leaf == leaf


def test_sidebar_leads_to_the_search_in_messages(browser: Client) -> None:
    shown = browser.get("/sidebar", {"q": "정원 & <more>"}).content.decode()
    assert 'href="/search?q=%EC%A0%95%EC%9B%90%20%26%20%3Cmore%3E"' in shown
    assert "Search all messages for “정원 &amp; &lt;more&gt;”" in shown
    assert "/search" not in browser.get("/sidebar").content.decode()


def test_titles_are_found_whatever_their_composition(browser: Client, insider: User) -> None:
    factories.conversation(insider, title="\u1112\u1161\u11ab\u1100\u1173\u11af Grüße")
    assert "Grüße" in page(browser, "/sidebar", q="한글 grusse")


def test_words_for_the_script_are_json(browser: Client, chat: Conversation) -> None:
    raw = browser.get(
        f"/c/{chat.id}", {"message": str(chat.active_leaf_id), "q": "\"><script>'"}
    ).content.decode()
    assert "<script>'" not in raw
    words = html.unescape(re.findall(r'data-words="([^"]*)"', raw)[0])
    assert json.loads(words) == ["><script>'"]
