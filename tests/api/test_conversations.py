"""Conversations and messages in the API."""

import pytest

from chat.claude.encoding.exact_numbers import exact_json
from chat.models import Conversation, Turn
from tests import factories
from tests.api.people import BASE, Person, assistant, new_id

URL = f"{BASE}/conversations"


def post(client, url, data):
    return client.post(url, data, content_type="application/json")


def patch(client, url, data):
    return client.patch(url, data, content_type="application/json")


def test_create_read_change_delete(insider: Person) -> None:
    client, model, guide = insider.client(), factories.language_model(), assistant()
    made = post(client, URL, {"title": "  Road   trip ", "assistant": str(guide.id), "model": str(model.id)})
    assert made.status_code == 201
    body = made.json()
    assert (body["title"], body["assistant"], body["model"]) == ("Road trip", str(guide.id), str(model.id))
    address = f"{URL}/{body['id']}"
    assert client.get(address).json() == body

    changed = patch(client, address, {"title": "Sea trip", "pinned": True, "archived": True}).json()
    assert (changed["title"], changed["pinned"], changed["archived"]) == ("Sea trip", True, True)
    assert patch(client, address, {"pinned": False}).json()["title"] == "Sea trip"

    gone = client.delete(address)
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"owner": "someone"}, "body.owner"),
        ({"is_staff": True}, "body.is_staff"),
        ({"title": 5}, "body.title"),
        ({"title": None}, "body.title"),
        ({"pinned": "yes"}, "body.pinned"),
        ({"assistant": None}, "body.assistant"),
    ],
)
def test_change_refuses_other_fields(insider: Person, chat: Conversation, sent: dict, field: str) -> None:
    refused = patch(insider.client(), f"{URL}/{chat.id}", sent)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_unknown_assistant_or_model_is_not_found(insider: Person) -> None:
    for field in ("assistant", "model"):
        for value in (new_id(), "nonsense", "\x00"):
            assert post(insider.client(), URL, {field: value}).status_code == 404


def test_model_may_be_given_by_either_id(insider: Person) -> None:
    client, model = insider.client(), factories.language_model()
    for name in (str(model.id), model.model_id):
        made = post(client, URL, {"model": name})
        assert (made.status_code, made.json()["model"]) == (201, str(model.id))
        address = f"{URL}/{post(client, URL, {}).json()['id']}"
        assert patch(client, address, {"model": name}).json()["model"] == str(model.id)


def test_choosing_only_a_model_removes_the_assistant(insider: Person) -> None:
    client, own, other = (
        insider.client(),
        factories.language_model("claude-own"),
        factories.language_model("claude-other"),
    )
    guide = assistant(model=own)
    address = f"{URL}/{post(client, URL, {'assistant': str(guide.id)}).json()['id']}"
    picked = patch(client, address, {"model": other.model_id}).json()
    assert (picked["assistant"], picked["model"]) == (None, str(other.id))
    both = patch(client, address, {"model": other.model_id, "assistant": str(guide.id)}).json()
    assert (both["assistant"], both["model"]) == (str(guide.id), str(other.id))
    assert patch(client, address, {"title": "Kept"}).json()["assistant"] == str(guide.id)


def test_text_that_cannot_be_stored_is_replaced(insider: Person) -> None:
    body = rb'{"title": "a\u0000b\ud800c\ud83d\ude00d\\ud800"}'
    made = insider.client().post(URL, body, content_type="application/json")
    assert made.json()["title"] == "a�b�c\N{GRINNING FACE}d\\ud800"


def test_pages_have_no_gaps_or_repeats(insider: Person) -> None:
    rows = [factories.conversation(insider.user, pinned=number % 3 == 0) for number in range(11)]
    same_moment = rows[0].last_message_at
    Conversation.objects.filter(id__in=[row.id for row in rows[:6]]).update(last_message_at=same_moment)
    seen, cursor = [], None
    while True:
        page = insider.client().get(URL, {"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["data"]) <= 2
        seen += [row["id"] for row in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
    expected = Conversation.objects.of(insider.user).newest_first().values_list("id", flat=True)
    assert seen == [str(identifier) for identifier in expected]


def test_archived_conversations_have_their_own_list(insider: Person) -> None:
    kept, away = factories.conversation(insider.user), factories.conversation(insider.user, archived=True)
    for archived, row in (("false", kept), ("true", away)):
        data = insider.client().get(URL, {"archived": archived}).json()["data"]
        assert [found["id"] for found in data] == [str(row.id)]


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", "WzEsMiwzXQ", "W3RydWUsIjIwMjYiLCJ4Il0", "é", "\x00", "W3RydWUsIjIwMjYtMDEtMDEiLCIwIl0"],
)
def test_invalid_cursors_are_refused(insider: Person, cursor: str) -> None:
    refused = insider.client().get(URL, {"cursor": cursor})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_messages_come_exactly_as_stored(insider: Person) -> None:
    chat = factories.conversation(insider.user, "Think about it.")
    blocks = [
        {"type": "thinking", "thinking": "…", "signature": "c2ln", "zeta": 1, "alpha": 1.0},
        {
            "type": "from_the_future",
            "big": 12345678901234567890123,
            "nested": {"b": [1e-7, None], "a": "한국어"},
        },
    ]
    answer = factories.message(
        chat,
        chat.active_leaf,
        "",
        role="assistant",
        content=blocks,
        model_name="claude-x",
        stop_reason="end_turn",
        status="partial",
    )
    chat.active_leaf = answer
    chat.save()
    response = insider.client().get(f"{URL}/{chat.id}/messages")
    told = response.json()["data"][1]
    assert exact_json(told["content"]) == exact_json(blocks)
    assert "한국어" in response.content.decode()
    assert (told["model"], told["stop_reason"], told["status"]) == ("claude-x", "end_turn", "partial")


def test_messages_are_paged_from_the_newest(insider: Person) -> None:
    chat = factories.conversation(insider.user, *[f"text {number}" for number in range(7)])
    address, texts, before = f"{URL}/{chat.id}/messages", [], None
    while True:
        page = insider.client().get(address, {"limit": 3, **({"before": before} if before else {})}).json()
        texts = [told["text"] for told in page["data"]] + texts
        before = page["next"]
        if before is None:
            break
    assert texts == [f"text {number}" for number in range(7)]


def test_branches_can_be_read_and_selected(insider: Person, chat: Conversation) -> None:
    first, root = chat.active_leaf, chat.active_leaf.parent
    second = factories.message(chat, root, "Not so high.", role="assistant")
    address = f"{URL}/{chat.id}/messages"
    client = insider.client()
    told = client.get(address, {"leaf": str(second.id)}).json()["data"]
    assert [row["text"] for row in told] == ["How high is it?", "Not so high."]
    assert told[1]["versions"] == [str(first.id), str(second.id)]
    assert client.get(address).json()["data"][1]["id"] == str(first.id)

    chosen = client.post(f"{BASE}/messages/{second.id}/choose", content_type="application/json")
    assert chosen.json().get("active_leaf") == str(second.id), chosen.content
    assert client.get(address).json()["data"][1]["id"] == str(second.id)


@pytest.mark.parametrize("name", ["leaf", "before"])
def test_a_message_of_another_conversation_is_not_found(
    insider: Person, chat: Conversation, name: str
) -> None:
    other = factories.conversation(insider.user, "Elsewhere")
    for value in (str(other.active_leaf_id), new_id(), "nonsense"):
        assert insider.client().get(f"{URL}/{chat.id}/messages", {name: value}).status_code == 404


def test_reading_takes_a_constant_number_of_queries(insider: Person, django_assert_max_num_queries) -> None:
    chat = factories.conversation(insider.user, *["again"] * 60)
    for _number in range(20):
        factories.conversation(insider.user)
    with django_assert_max_num_queries(10):
        assert insider.client().get(f"{URL}/{chat.id}/messages", {"limit": 100}).status_code == 200
    with django_assert_max_num_queries(3):
        assert len(insider.client().get(URL).json()["data"]) == 21


def test_deleting_stops_a_running_turn(insider: Person, chat: Conversation) -> None:
    from tests.support.turns import start_turn

    model = factories.language_model()
    turn = start_turn(
        author=insider.user,
        client_id=new_id(),
        text="More",
        conversation_id=str(chat.id),
        model_id=str(model.id),
        door=Turn.Door.API,
    ).turn
    assert insider.client().get(f"{URL}/{chat.id}/messages").json()["active_turn"] == str(turn.id)
    told = insider.client().get(f"{BASE}/turns/{turn.id}").json()
    assert (told["status"], told["message"], told["cost_usd"]) == ("queued", None, "0")
    assert insider.client().delete(f"{URL}/{chat.id}").status_code == 204
    assert insider.client().get(f"{BASE}/turns/{turn.id}").status_code == 404
    assert post(insider.client(), f"{URL}/{chat.id}/restore", {}).json()["title"] == "More"
    assert insider.client().get(f"{BASE}/turns/{turn.id}").json()["status"] == "stopped"
    assert post(insider.client(), f"{URL}/{chat.id}/restore", {}).status_code == 404


def test_temporary_conversations_are_read_by_their_id_alone(insider: Person, outsider: Person) -> None:
    client = insider.client()
    address = f"{URL}/{post(client, URL, {'temporary': True}).json()['id']}"
    assert client.get(address).json()["expires_at"] is not None
    assert outsider.client().get(address).status_code == 404
    assert post(outsider.client(), f"{address}/restore", {}).status_code == 404
    assert client.get(URL).json()["data"] == []
    assert client.delete(address).status_code == 204
    assert post(client, f"{address}/restore", {}).status_code == 404
