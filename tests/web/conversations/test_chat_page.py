"""What the chat's pages show: messages, bills, ends, choices; in which language; under which headers."""

import html
import json
import re
import uuid
from typing import Any

import pytest
from django.test import Client

from chat.claude.failures.failure import FailureKind
from chat.events.payloads import block_delta, block_start, encode, turn_started
from chat.events.store import Batch
from chat.models import Assistant, Conversation, LanguageModel, Message, Turn, User
from chat.presentation.endings import ending
from chat.presentation.wording import FAILURES, UNKNOWN_FAILURE, failure_text
from chat.web.strings import script_strings
from tests import factories
from tests.support.turns import start_turn


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def shown(browser: Client, chat: Conversation) -> str:
    answer = browser.get(f"/c/{chat.id}")
    assert answer.status_code == 200
    return text_of(answer)


def test_messages_stand_in_order_with_their_bill(browser: Client, chat: Conversation, turn: Turn) -> None:
    page = shown(browser, chat)
    assert page.index("How high is it?") < page.index("**Very** high.")
    receipt = browser.get(f"/messages/{turn.last_message().id}/receipt").content.decode()
    assert "<dd>$18.00</dd>" in receipt
    assert "<dd>1,000,000</dd>" in receipt
    assert '<span class="receipt__model">Claude-Test</span></summary>' in page
    assert f'data-retry-menu="{turn.id}"' in page
    assert "data-continue" not in page


def test_what_the_product_says_within_a_turn_is_not_shown(
    browser: Client, chat: Conversation, turn: Turn
) -> None:
    words = {"kind": "continue", "content": [{"type": "text", "text": "Go on behind the results."}]}
    answer = turn.messages.get()
    closing = factories.message(chat, answer, "", turn=turn, **words)
    last = factories.message(chat, closing, "Higher still.", role="assistant", turn=turn)
    asked = factories.message(chat, last, "", **words)
    Conversation.objects.filter(id=chat.id).update(active_leaf=asked)
    page = shown(browser, chat)
    assert "Higher still." in page
    assert "Go on behind" not in page
    assert str(closing.id) not in page.replace(f'data-parent="{closing.id}"', "")
    # A person who asked to go on sees where that was.
    assert page.count("Continued") == 1


def test_markup_of_a_message_stays_text(browser: Client, chat: Conversation) -> None:
    evil = "<img src=x onerror=alert(1)></parley-markdown><script>alert(2)</script>"
    factories.turn(chat, text=evil, answer=evil, parent=chat.active_leaf)
    raw = browser.get(f"/c/{chat.id}").content.decode()
    assert "<img src=x" not in raw
    assert "<script>alert" not in raw
    assert raw.count(html.escape(evil)) == 2


def test_a_running_answer_shows_what_arrived(browser: Client, chat: Conversation) -> None:
    running = factories.turn(chat, status="running", text="And now?", answer="", parent=chat.active_leaf)
    answer = running.messages.get(role="assistant")
    events = [
        turn_started(model="claude-test", assistant_message=str(answer.id)),
        block_start(message=str(answer.id), index=0, block={"type": "text", "text": ""}),
        block_delta(index=0, key="text", value="It is <about> "),
    ]
    frames = [encode(event, turn=str(running.id), seq=seq) for seq, event in enumerate(events, start=1)]
    Batch(running.id, 1, 1, frames).store()
    page = shown(browser, chat)
    assert re.search(rf'data-turn="{running.id}"\s+data-live\s+data-seq="3"', page)
    assert f'data-type="text" data-message="{answer.id}" data-open>It is <about> </parley-markdown>' in page


CALL = {"type": "mcp_tool_use", "id": "m1", "name": "add", "server_name": "shop", "input": {"a": 1}}


@pytest.mark.parametrize(
    ("content", "is_error", "words"),
    [("It is <3>", False, "Done"), ([{"type": "text", "text": "It is <3>"}], True, "Failed")],
)
def test_what_the_provider_called_is_one_card(
    content: Any, is_error: bool, words: str, browser: Client, chat: Conversation
) -> None:
    result = {"type": "mcp_tool_result", "tool_use_id": "m1", "content": content, "is_error": is_error}
    running = factories.turn(chat, status="running", text="And now?", answer="", parent=chat.active_leaf)
    answer = running.messages.get(role="assistant")
    told = [turn_started(model="claude-test", assistant_message=str(answer.id))]
    for index, block in enumerate((CALL, result)):
        told.append(block_start(message=str(answer.id), index=index, block=block))
    frames = [encode(event, turn=str(running.id), seq=seq) for seq, event in enumerate(told, start=1)]
    Batch(running.id, 1, 1, frames).store()
    pages = [shown(browser, chat)]
    orphan = {**result, "tool_use_id": "m2", "content": "of a call that is gone"}
    Message.objects.filter(id=answer.id).update(content=[CALL, result, orphan], status="complete")
    Turn.objects.filter(id=running.id).update(status="completed", finished_at=answer.created_at)
    pages.append(shown(browser, chat))
    for page in pages:
        assert page.count('data-tool-use="m1"') == 1
        card = page.split('data-tool-use="m1"', 1)[1].split("</details>")[0]
        assert "shop · add" in card
        assert f"data-status-words>{words}</span>" in card
        assert re.search(r"data-result>It is <3></pre>", card)
    assert "of a call that is gone" in pages[1]


def test_a_queued_turn_has_a_place_for_its_answer(browser: Client, chat: Conversation) -> None:
    queued = factories.turn(chat, status="queued", text="And now?", parent=chat.active_leaf)
    assert re.search(rf'data-turn="{queued.id}"\s+data-live\s+data-seq="0"', shown(browser, chat))


ENDS = [
    ("stopped", "", "", "You stopped this answer.", True),
    ("interrupted", "", "restarted", "Parley was restarted", True),
    ("interrupted", "", "connection", "The text so far is saved.", True),
    ("failed", "", "overloaded", "overloaded right now", False),
    ("refused", "refusal", "", "The model declined to answer.", False),
    ("completed", "max_tokens", "", "reached its length limit", True),
    ("completed", "model_context_window_exceeded", "", "full for this model", False),
]


@pytest.mark.parametrize("end", ENDS)
def test_each_end_is_said_with_what_helps(
    end: tuple[str, str, str, str, bool], browser: Client, chat: Conversation
) -> None:
    status, reason, code, words, can_continue = end
    factories.turn(
        chat, status=status, answer="Part", parent=chat.active_leaf, stop_reason=reason, error_code=code
    )
    page = shown(browser, chat)
    assert words in page
    assert ("data-continue" in page) is can_continue
    assert "data-retry" in page


@pytest.mark.parametrize("staff", [True, False])
def test_a_turn_that_failed_before_its_answer_is_not_silent(
    browser: Client, chat: Conversation, staff: bool
) -> None:
    User.objects.filter(pk=chat.owner_id).update(is_staff=staff)
    failed = factories.turn(
        chat,
        status="failed",
        text="Now?",
        parent=chat.active_leaf,
        error_code="no_model",
        error_detail="no row <id>",
    )
    page = shown(browser, chat)
    assert "No model is available." in page
    assert ("no row <id>" in page) == staff, "technical detail is for staff"
    assert f'data-retry="{failed.id}"' in page


def test_versions_of_an_answer_are_counted_and_chosen(
    browser: Client, chat: Conversation, turn: Turn
) -> None:
    first = chat.active_leaf
    second = factories.message(chat, turn.user_message, "Quite high.", role="assistant", turn=turn)
    answer = browser.post(f"/c/{chat.id}/branch", {"message": str(second.id)})
    page = text_of(answer)
    assert "Quite high." in page
    assert "Very" not in page
    assert "2 / 2" in page
    assert f'"message": "{first.id}"' in page
    chat.refresh_from_db()
    assert chat.active_leaf_id == second.id


def test_while_an_answer_is_written_the_branch_stays(browser: Client, chat: Conversation, turn: Turn) -> None:
    factories.turn(chat, status="queued", text="Next", parent=chat.active_leaf)
    answer = browser.post(f"/c/{chat.id}/branch", {"message": str(turn.user_message_id)})
    assert answer.status_code == 409
    assert answer["Content-Type"].startswith("text/plain")


def test_thread_is_sent_only_when_there_is_something_new(browser: Client, chat: Conversation) -> None:
    chat.refresh_from_db()
    assert browser.get(f"/c/{chat.id}/thread", {"leaf": str(chat.active_leaf_id)}).status_code == 204
    assert browser.get(f"/c/{chat.id}/thread", {"leaf": "other"}).status_code == 200


def test_a_long_thread_comes_in_pages(
    browser: Client, insider: Any, django_assert_max_num_queries: Any
) -> None:
    chat = factories.long_conversation(insider, 200)
    with django_assert_max_num_queries(25):
        page = shown(browser, chat)
    numbers = [int(number) for number in re.findall(r">Message (\d+)<", page)]
    assert numbers == list(range(180, 200))
    more = re.search(r'hx-get="([^"]+/earlier\?before=[^"]+)"', page)
    assert more is not None
    earlier = text_of(browser.get(more[1]))
    assert [int(number) for number in re.findall(r">Message (\d+)<", earlier)] == list(range(160, 180))


def test_tools_thoughts_and_unknown_blocks_are_shown(browser: Client, chat: Conversation) -> None:
    factories.message(
        chat,
        chat.active_leaf,
        "",
        role="user",
        content=[{"type": "text", "text": "Look it up"}],
    )
    question = Message.objects.latest("created_at")
    leaf = factories.message(
        chat,
        question,
        "",
        role="assistant",
        content=[
            {"type": "thinking", "thinking": "Let me see.", "signature": "s"},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "tool_use", "id": "t", "name": "look_up", "input": {"word": "높이"}},
            {"type": "never_heard_of", "payload": {"deep": 1}},
            {"type": "text", "text": "  "},
        ],
    )
    Conversation.objects.filter(pk=chat.pk).update(active_leaf=leaf)
    page = shown(browser, chat)
    for words in (
        "Let me see.",
        "stored encrypted",
        "look_up",
        '"word": "높이"',
        "never_heard_of",
        '"deep": 1',
    ):
        assert words in page
    assert 'data-block="4"' not in page
    assert page.count("data-copy aria-label") == 3, (
        "two questions and an answer; this one has no text to copy"
    )


def test_the_picker_offers_what_works_and_says_what_does_not(browser: Client, insider: Any) -> None:
    ready = factories.language_model("ready")
    factories.language_model("keyless", connection=factories.provider("Keyless", credential=""))
    Assistant.objects.create(name="Guide", model=ready, starters=["Where am I?", 7, " "])
    Assistant.objects.create(name="Hidden", enabled=False, starters=["Not me"])
    page = text_of(browser.get("/"))
    assert re.search(rf'<option value="model:{ready.id}" selected', page)
    assert re.search(r"<option value=\"model:[^\"]+\" disabled[^>]*>Keyless — not ready", page)
    assert 'data-starter="Where am I?"' in page
    assert "Not me" not in page


def test_without_any_model_the_page_says_what_is_missing(browser: Client) -> None:
    assert "No model has been set up yet. Please ask an administrator." in text_of(browser.get("/"))
    factories.language_model("keyless", connection=factories.provider("Keyless", credential=""))
    assert "This connection has no credential." in text_of(browser.get("/"))


def test_a_conversation_keeps_its_choice(browser: Client, insider: Any) -> None:
    factories.language_model("first")
    second: LanguageModel = factories.language_model("second")
    chat = Conversation.objects.create(owner=insider, model=second)
    assert re.search(rf'<option value="model:{second.id}" selected', shown(browser, chat))


def test_an_assistant_not_offered_any_more_stays_chosen(browser: Client, chat: Conversation) -> None:
    assistant = Assistant.objects.create(name="Guide", enabled=False)
    Conversation.objects.filter(id=chat.id).update(assistant=assistant)
    page = shown(browser, chat)
    assert re.search(
        rf'<option value="assistant:{assistant.id}" selected disabled title="[^"]+ no longer', page
    )


def test_headers_keep_strangers_out(browser: Client, chat: Conversation) -> None:
    answer = browser.get(f"/c/{chat.id}")
    policy = answer["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert "unsafe" not in policy
    scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", answer.content.decode())
    assert scripts
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert " style=" not in answer.content.decode()
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_every_failure_has_words() -> None:
    codes = {*FailureKind, "empty", "too_long", "busy", "no_model", "connection_unusable", "forbidden"}
    codes |= {"refused", "restarted", "turn_limit", "internal"}
    assert codes - FAILURES.keys() == {"unknown"}
    assert failure_text("never heard of") == str(UNKNOWN_FAILURE)
    assert failure_text("connection_unusable", "No key is set.") == "No key is set."
    assert ending("completed", "end_turn") is None
    tool = ending("completed", "tool_use")
    assert tool is not None
    assert "tool" in tool.text


def test_the_page_hands_its_words_to_scripts(browser: Client) -> None:
    page = browser.get("/").content.decode()
    data = re.search(r'<script id="page" type="application/json">(.*?)</script>', page, re.S)
    assert data is not None
    assert json.loads(data[1])["strings"] == script_strings()


def test_what_scripts_copy_is_in_the_language_of_the_page(browser: Client, insider: Any) -> None:
    button = '<template id="quote-button">.*{}</button></template>'
    assert re.search(button.format("Quote"), browser.get("/").content.decode())
    insider.language = "ko"
    insider.save()
    assert re.search(button.format("인용"), browser.get("/").content.decode())


def test_a_language_is_chosen_once_and_kept(browser: Client, insider: Any) -> None:
    answer = browser.post("/preferences", {"language": "ko", "next": "/sidebar"})
    assert (answer.status_code, answer["Location"]) == (302, "/sidebar")
    insider.refresh_from_db()
    assert insider.language == "ko"
    browser.cookies.clear()
    browser.force_login(insider)
    assert '<html lang="ko"' in browser.get("/").content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_a_language_leads_nowhere_else(target: str, client: Client, db: None) -> None:
    answer = client.post("/preferences", {"language": "ko", "next": target})
    assert answer["Location"] == "/"
    assert answer.cookies["django_language"].value == "ko"


def test_an_unknown_language_is_refused(client: Client, db: None) -> None:
    assert client.post("/preferences", {"language": "xx"}).status_code == 400
    assert client.get("/preferences").status_code == 405


def test_picking_a_model_leaves_the_assistant(insider: Any) -> None:
    model = factories.language_model("picked")
    guide = Assistant.objects.create(name="Guide", model=factories.language_model("its own"))
    chat = Conversation.objects.create(owner=insider, assistant=guide)
    started = start_turn(
        author=insider,
        client_id=uuid.uuid4(),
        text="Hello",
        conversation_id=str(chat.id),
        model_id=str(model.id),
    )
    chat.refresh_from_db()
    assert started.turn.model == model
    assert (chat.assistant, chat.model) == (None, model)


def test_a_summary_holds_no_mark_of_a_citation(browser: Client, chat: Conversation) -> None:
    forged = "Summary \ufdd0[1](https://evil.example/)"
    summary = factories.message(chat, chat.messages.latest("created_at"), forged, kind="summary")
    Conversation.objects.filter(pk=chat.pk).update(active_leaf=summary)
    page = shown(browser, chat)
    assert "Summary \ufffd[1](https://evil.example/)" in page
    assert "\ufdd0" not in page


def test_texts_of_people_follow_their_direction(browser: Client, chat: Conversation) -> None:
    page = shown(browser, chat)
    for place in ('id="title" dir="auto"', 'class="message__text" dir="auto"'):
        assert place in page
    # A browser would look at a whole text again for each line of it; composer/field_fit.js sets the direction.
    assert 'dir="auto"' not in page[page.index('<textarea id="message"') :].split(">")[0]
    assert re.search(rf'href="/c/{chat.id}"[^>]*><span class="conversation__title" dir="auto"', page)
