"""The request of a turn, and the ledger row of each attempt."""

import uuid
from typing import Any

import pytest

from chat.claude.request.transcript import RequestError
from chat.models import ApiCall, LanguageModel, Turn, User
from chat.operations.conversations.path import ConversationPath
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import claim, open_call
from tests import factories
from tests.support import turns

pytestmark = pytest.mark.django_db
REQUEST = {"max_tokens": 100, "messages": [{"role": "user", "content": "How high?"}]}


def test_the_request_is_the_frame_and_the_path(insider: User) -> None:
    chat = factories.conversation(insider, "High?", "Very.")
    turn = factories.turn(chat, status="running", text="How very? " * 400, parent=chat.active_leaf, answer="")
    request = build.request_for(factories.running(turn))
    assert request["model"] == "claude-test"
    assert request["max_tokens"] == 1000
    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    assert request["messages"][2]["content"][0]["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize("told", [True, False])
def test_model_without_context_gets_only_the_question(
    insider: User, model: LanguageModel, told: bool
) -> None:
    LanguageModel.objects.update(capabilities={"context": {"supported": told}})
    started = turns.start_turn(author=insider, client_id=uuid.uuid4(), text="How high?")
    assert started.user_message.context.startswith("Today is")
    running = claim.claim_turn(started.turn.id, "host:1:aa")
    assert running
    [message] = build.request_for(running)["messages"]
    assert [block["text"] for block in message["content"]][:1] == ["How high?"]
    assert ("Today is" in str(message)) == told


def test_a_first_answer_costs_few_queries(
    insider: User, model: LanguageModel, django_assert_max_num_queries: Any
) -> None:
    """What each start of a turn costs, however many begin at once: accepted, claimed, built and paid for."""

    def begin() -> None:
        started = turns.start_turn(author=insider, client_id=uuid.uuid4(), text="How high?")
        running = claim.claim_turn(started.turn.id, "host:1:aa")
        assert running
        open_call.open_call(running, build.request_for(running), call=1, attempt=1)

    begin()  # how people use a model is counted every ten minutes only
    with django_assert_max_num_queries(25):
        begin()


def test_a_message_without_a_path_makes_no_request(turn: Turn) -> None:
    running = factories.running(turn)
    running.message.parent = None
    with pytest.raises(RequestError):
        build.request_for(running)


def test_ledger_rows_name_turn_person_and_model(turn: Turn) -> None:
    running = factories.running(turn)
    row = ApiCall.objects.get(id=open_call.open_call(running, REQUEST, call=2, attempt=3).call_id)
    assert (row.key, row.attempt, row.status) == (f"{turn.id}:1:2:3", 3, "open")
    assert (row.turn, row.message, row.user, row.conversation) == (
        turn,
        running.message,
        turn.author,
        turn.conversation,
    )
    assert (row.frame_digest, row.door, row.purpose, row.connection_name) == (
        turn.frame_id,
        "chat",
        "turn",
        "Loopback",
    )


COMPACTING = {"context_management": {"compact_20260112": {"supported": True}}}
COMPACTION = {"type": "compaction", "content": "A bridge.", "encrypted_content": "secret"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
HIT = {"type": "web_search_result", "url": "https://example.com", "title": "A", "encrypted_content": "secret"}


def behind(owner: User, model: LanguageModel, *content: dict[str, Any]) -> RunningTurn:
    """A turn with `model` behind an answer of these blocks."""
    chat = factories.conversation(owner, "What is it?", "A bridge.")
    leaf = chat.active_leaf
    assert leaf
    leaf.content = [*content, {"type": "text", "text": "Yes."}]
    leaf.save()
    running = factories.running(factories.turn(chat, status="running", parent=leaf, model=model, answer=""))
    running.model, running.connection = model, model.connection
    return running


def of_kind(kind: str, capabilities: dict[str, Any] | None = None) -> LanguageModel:
    connection = factories.provider(f"at {kind}", kind=kind)
    return factories.language_model(f"claude-{kind}", connection=connection, capabilities=capabilities or {})


def kinds(request: dict[str, Any]) -> list[str]:
    return [block["type"] for message in request["messages"] for block in message["content"]]


@pytest.mark.parametrize(
    ("kind", "capabilities", "taken"),
    [
        ("anthropic", COMPACTING, True),
        ("anthropic", {}, False),
        ("aws", COMPACTING, False),
        ("bedrock", COMPACTING, False),
    ],
)
def test_compaction_is_sent_with_its_beta_or_as_text(
    insider: User, kind: str, capabilities: dict[str, Any], taken: bool
) -> None:
    running = behind(insider, of_kind(kind, capabilities), COMPACTION)
    path = ConversationPath.to(running.message.parent_id)
    for request in (build.request_for(running), build.request_of(running, path, asking="Summarise.")):
        named = str(request.get("extra_headers"))
        assert ("compaction" in kinds(request), "compact-2026-01-12" in named) == (taken, taken)
        assert ("What is it?" in str(request["messages"])) == taken
        assert "A bridge." in str(request["messages"][0 if not taken else 1])


@pytest.mark.parametrize(
    ("kind", "tool", "taken"),
    [
        ("anthropic", "web_search", True),
        ("vertex", "web_search", True),
        ("vertex", "web_fetch", False),
        ("vertex", "bash_code_execution", False),
        ("vertex", "tool_search_tool_regex", True),
        ("bedrock", "web_search", False),
        ("bedrock_mantle", "tool_search_tool_regex", False),
        ("foundry", "web_fetch", False),
        ("foundry", "code_execution", False),
    ],
)
def test_server_tool_blocks_are_sent_unchanged_or_as_text(
    insider: User, kind: str, tool: str, taken: bool
) -> None:
    found = {"type": f"{tool.removesuffix('_tool_regex')}_tool_result", "tool_use_id": "srvtoolu_1"}
    call, result = {**SEARCH, "name": tool}, {**found, "content": [HIT]}
    request = build.request_for(behind(insider, of_kind(kind), call, result))
    assert (call in request["messages"][1]["content"]) == taken
    assert (result in request["messages"][1]["content"]) == taken
    assert ("secret" in str(request)) == taken
    assert "https://example.com" in str(request)
