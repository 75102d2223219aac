"""A turn that moves to another connection or model, and tool loops that cannot move."""

from typing import Any

import pytest

from chat.claude.request.build import LOOP_CLOSED_TEXT
from chat.models import Assistant, LanguageModel, Message, ProviderConnection, Turn
from chat.operations import running_turn
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.request import build
from chat.operations.request.frame import freeze_frame
from chat.operations.request.thinking_binding import account_tag
from chat.operations.turns import claim, switch
from chat.operations.turns.finish import AnswerContent, keep_answer
from tests import factories
from tests.operations.request.test_tool_selection import connected, give_connected, model_on

pytestmark = pytest.mark.django_db


def test_other_connection_keeps_the_frame(turn: Turn, model: LanguageModel) -> None:
    running, told = factories.running(turn), {"code": "failover", "to": "Spare"}
    spare = factories.language_model(
        connection=factories.provider("Spare"), max_output_tokens=500, default_max_tokens=1
    )
    frame = turn.frame_id
    assert switch.switch_model(running, spare, told)
    assert (running.model, running.connection, running.turn.frame_id) == (
        spare,
        spare.connection,
        frame,
    )
    turn.refresh_from_db()
    assert (turn.model, turn.max_tokens, turn.notices) == (spare, 500, [told])
    named = factories.language_model(
        "anthropic.claude-test", connection=factories.provider("Named"), canonical_id="claude-test"
    )
    assert switch.switch_model(running, named, told)
    turn.refresh_from_db()
    assert turn.frame.body == {"model": "anthropic.claude-test"}
    assert turn.notices == [told, told]
    message = turn.messages.get()
    assert (message.frame_id, message.model_name) == (turn.frame_id, "anthropic.claude-test")
    running.turn.owner = "host:2:bb"
    assert not switch.switch_model(running, spare, told)


def test_other_schema_support_needs_another_frame(turn: Turn, model: LanguageModel) -> None:
    model.capabilities = {"structured_outputs": {"supported": True}}
    model.save()
    schema = {"type": "object", "properties": {"high": {"type": "integer"}}, "required": ["high"]}
    Turn.objects.filter(id=turn.id).update(output_schema=schema)
    running = factories.running(Turn.objects.get(id=turn.id))
    forced = {"forced_tool_choice": {"supported": True}}
    spare = factories.language_model(connection=factories.provider("Spare"), capabilities=forced)
    assert switch.switch_model(running, spare, {"code": "failover"})
    turn.refresh_from_db()
    assert turn.frame.body["tool_choice"]["type"] == "tool"
    assert "output_config" not in turn.frame.body


def test_other_model_gets_its_own_frame(turn: Turn) -> None:
    running = factories.running(turn)
    thinking = {"thinking": {"types": {"adaptive": True}}}
    other = factories.language_model("claude-other", capabilities=thinking, default_max_tokens=77)
    assert switch.switch_model(running, other, {"code": "fallback"})
    turn.refresh_from_db()
    assert turn.frame.body == {
        "model": "claude-other",
        "thinking": {"type": "adaptive", "display": "summarized"},
    }
    assert turn.max_tokens == answer_limit(other, None)


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
ASKED = {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {"city": "Seoul"}}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_0", "name": "web_search", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_0", "content": "18°"}


def in_a_loop(turn: Turn, *content: dict[str, Any], results: bool = True) -> running_turn.RunningTurn:
    """A turn whose first answer was made by its own connection, and whose second one is still empty."""
    loop = factories.running(turn)
    build.request_for(loop)
    keep_answer(loop.message, AnswerContent(list(content), "complete", "tool_use"))
    parent = loop.message
    if results:
        fields = {"content": [RESULT], "kind": "results", "turn": turn}
        parent = factories.message(turn.conversation, loop.message, "", **fields)
    running_turn.next_answer(loop, parent)
    return loop


@pytest.fixture
def spare(turn: Turn) -> LanguageModel:
    """The same model behind another account."""
    return factories.language_model(connection=factories.provider("Spare", credential="sk-another"))


def closing(turn: Turn) -> list[Message]:
    return list(turn.messages.filter(kind="continue"))


def sent(loop: running_turn.RunningTurn) -> list[str]:
    """What the next request brings, in short: the role's initial, then the types of its blocks."""
    messages = build.request_for(loop)["messages"]
    return [f"{m['role'][0]}: {' '.join(block['type'] for block in m['content'])}" for m in messages]


def test_loop_with_thinking_is_closed_for_another_account(turn: Turn, spare: LanguageModel) -> None:
    loop = in_a_loop(turn, THOUGHT, ASKED)
    results, answer = loop.message.parent, loop.message
    assert sent(loop) == ["u: text", "a: thinking tool_use", "u: tool_result"]
    assert switch.switch_model(loop, spare, {"code": "failover"})
    (note,) = closing(turn)
    answer.refresh_from_db()
    assert (note.parent, note.role, note.depth) == (results, "user", 3)
    assert (answer.parent, answer.depth, answer.status) == (note, 4, "streaming")
    assert note.content == [{"type": "text", "text": LOOP_CLOSED_TEXT}]
    turn.conversation.refresh_from_db()
    assert turn.conversation.active_leaf == answer
    assert sent(loop) == ["u: text", "a: tool_use", "u: tool_result text"]
    # What was closed once needs no more words, wherever the turn goes from here.
    third = factories.language_model(connection=factories.provider("Third", credential="sk-third"))
    assert switch.switch_model(loop, third, {"code": "failover"})
    assert closing(turn) == [note]


@pytest.mark.parametrize(
    ("content", "results", "then"),
    [
        ([SEARCH], False, ["u: text text"]),
        ([{"type": "text", "text": "Well."}, SEARCH], False, ["u: text", "a: text", "u: text"]),
        ([THOUGHT, {"type": "text", "text": "Well."}, SEARCH, ASKED], True, None),
    ],
)
def test_pause_is_dropped_for_another_account(
    turn: Turn, spare: LanguageModel, content: list[Any], results: bool, then: list[str] | None
) -> None:
    loop = in_a_loop(turn, *content, results=results)
    assert switch.switch_model(loop, spare, {"code": "failover"})
    assert len(closing(turn)) == 1
    assert sent(loop) == (then or ["u: text", "a: text tool_use", "u: tool_result text"])


def test_loop_without_thinking_moves_unchanged(turn: Turn, spare: LanguageModel) -> None:
    loop = in_a_loop(turn, ASKED)
    assert switch.switch_model(loop, spare, {"code": "failover"})
    assert closing(turn) == []
    assert sent(loop) == ["u: text", "a: tool_use", "u: tool_result"]


def test_same_account_on_another_connection_continues(turn: Turn) -> None:
    loop = in_a_loop(turn, THOUGHT, ASKED)
    twin = factories.language_model(connection=factories.provider("Twin"))
    assert account_tag(twin.connection) == account_tag(loop.connection)
    assert switch.switch_model(loop, twin, {"code": "failover"})
    assert closing(turn) == []
    # The model's other powers put its context elsewhere: the same thinking would stand behind other messages.
    Message.objects.filter(id=turn.user_message_id).update(context="Today is Monday.")
    loop.known_path = None
    able = {"system_messages": {"supported": True}}
    other = factories.language_model(connection=factories.provider("Able"), capabilities=able)
    assert switch.switch_model(loop, other, {"code": "failover"})
    assert len(closing(turn)) == 1


def test_other_model_gets_a_closed_loop(turn: Turn) -> None:
    loop = in_a_loop(turn, THOUGHT, ASKED)
    keep_answer(loop.message, AnswerContent([], "partial", "refusal"))
    running_turn.next_answer(loop, loop.message)
    assert switch.switch_model(loop, factories.language_model("claude-other"), {"code": "fallback"})
    (note,) = closing(turn)
    assert note.parent
    assert (note.parent.stop_reason, loop.message.parent) == ("refusal", note)
    assert sent(loop) == ["u: text", "a: tool_use", "u: tool_result text"]


def test_lost_lease_closes_no_loop(turn: Turn, spare: LanguageModel) -> None:
    loop = in_a_loop(turn, THOUGHT, ASKED)
    loop.turn.owner = "host:2:bb"
    assert not switch.switch_model(loop, spare, {})
    ProviderConnection.objects.update(credential="sk-new")
    loop.model = factories.language_model()
    assert not switch.adopt_loop(loop)
    assert closing(turn) == []


def test_loop_is_adopted_with_a_new_key(turn: Turn) -> None:
    loop = in_a_loop(turn, THOUGHT, ASKED)
    assert not loop.takes_over
    assert switch.adopt_loop(loop)
    assert closing(turn) == []
    connection = loop.connection
    connection.credential = "sk-new"
    connection.save()
    Turn.objects.filter(id=turn.id).update(status="queued", owner="")
    taken = claim.claim_turn(turn.id, "host:2:bb")
    assert taken
    assert taken.takes_over
    assert switch.adopt_loop(taken)
    assert len(closing(turn)) == 1
    assert sent(taken) == ["u: text", "a: tool_use", "u: tool_result text"]


def test_turn_that_begins_with_results_adopts_the_loop(turn: Turn) -> None:
    results = in_a_loop(turn, THOUGHT, ASKED).message.parent
    assert results
    Turn.objects.filter(id=turn.id).update(status="stopped", finished_at=turn.created_at)
    again = factories.turn(turn.conversation, status="queued")
    again.user_message = results
    again.save()
    taken = claim.claim_turn(again.id, "host:1:aa")
    assert taken
    assert (taken.resumed, taken.takes_over) == (False, True)


def toolsets(turn: Turn) -> list[str]:
    turn.refresh_from_db()
    assert turn.messages.filter(status="streaming").get().frame_id == turn.frame_id
    return [tool["mcp_server_name"] for tool in turn.frame.body.get("tools", ())]


@pytest.fixture
def served(turn: Turn) -> Turn:
    """A turn whose frame has the toolsets of two servers."""
    guide = Assistant.objects.create(name="Guide")
    for name in ("shop", "wiki"):
        give_connected(guide, connected(name), "add")
    turn.model = model_on("anthropic")
    turn.frame = freeze_frame(model=turn.model, assistant=guide)
    turn.save()
    turn.messages.update(frame=turn.frame)
    return turn


def test_removed_servers_remove_their_tools(served: Turn) -> None:
    running = factories.running(served)
    assert switch.drop_servers(running, ["shop"])
    assert toolsets(served) == ["wiki"]
    assert running.turn.frame.digest == served.frame_id
    running.turn.owner = "host:2:bb"
    assert not switch.drop_servers(running, ["wiki"])
    assert toolsets(served) == ["wiki"]


def test_loop_with_removed_servers_is_closed(served: Turn) -> None:
    loop = in_a_loop(served, THOUGHT, ASKED)
    assert switch.drop_servers(loop, ["shop"])
    assert toolsets(served) == ["wiki"]
    assert sent(loop) == ["u: text", "a: tool_use", "u: tool_result text"]


def test_platform_without_connector_loses_its_tools(served: Turn) -> None:
    running = factories.running(served)
    spare = model_on("bedrock")
    spare.canonical_id = "claude-anthropic"
    assert switch.switch_model(running, spare, {"code": "failover"})
    assert toolsets(served) == []


def test_pause_in_an_unsupported_tool_is_closed(turn: Turn) -> None:
    hit = {"type": "web_search_result", "url": "https://example.com", "title": "A", "encrypted_content": "e"}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_0", "content": [hit]}
    loop = in_a_loop(turn, SEARCH, found, results=False)
    assert sent(loop) == ["u: text", "a: server_tool_use web_search_tool_result"]
    elsewhere = factories.language_model("claude-away", connection=factories.provider("Away", kind="bedrock"))
    assert switch.switch_model(loop, elsewhere, {"code": "failover"})
    assert sent(loop) == ["u: text", "a: text", "u: text"]
    assert len(closing(turn)) == 1


def test_loop_after_an_api_summary_moves_to_another_model(turn: Turn) -> None:
    loop = in_a_loop(turn, {"type": "compaction", "content": "Short."}, ASKED)
    elsewhere = factories.language_model("claude-away", connection=factories.provider("Away", kind="aws"))
    assert switch.switch_model(loop, elsewhere, {"code": "failover"})
    assert sent(loop) == ["u: text", "a: tool_use", "u: tool_result"]
    assert closing(turn) == []
