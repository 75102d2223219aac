"""What a person chooses for the next answers: the effort, and tools of the assistant that the model does not get."""

import uuid
from typing import Any

import pytest

from chat.models import Assistant, AssistantTool, LanguageModel, User
from chat.operations.conversations.tool_choice import tools_of, usable_tools
from chat.operations.request.token_counts import count_draft
from chat.operations.turns.stop import stop_turn
from chat.operations.turns.tool_rounds import plan_calls
from chat.operations.turns.turn_request import AcceptedTurn
from tests import factories
from tests.support.refusals import refusal_code
from tests.support.turns import retry_turn, start_turn

pytestmark = pytest.mark.django_db
LEVELS = {"effort": {level: {"supported": True} for level in ("low", "medium", "high")}}


@pytest.fixture
def able() -> LanguageModel:
    return factories.language_model("claude-able", capabilities=LEVELS)


@pytest.fixture
def guide(able: LanguageModel) -> Assistant:
    made = Assistant.objects.create(name="Guide", model=able, effort="low")
    for order, name in enumerate(("weather", "stock")):
        AssistantTool.objects.create(assistant=made, tool=factories.tool(name), order=order)
    return made


def start(author: User, **fields: Any) -> AcceptedTurn:
    accepted = start_turn(author=author, client_id=uuid.uuid4(), text="Hello", **fields)
    stop_turn(user=author, turn_id=accepted.turn.id)
    return accepted


def effort(accepted: AcceptedTurn) -> str:
    return str(accepted.turn.frame.body.get("output_config", {}).get("effort", ""))


def tools(accepted: AcceptedTurn) -> list[str]:
    return [tool["name"] for tool in accepted.turn.frame.body.get("tools", ())]


def test_an_effort_holds_from_then_on(insider: User, guide: Assistant) -> None:
    first = start(insider, assistant_id=guide.id, effort="high")
    chat = first.turn.conversation
    assert (effort(first), chat.effort) == ("high", "high")
    assert effort(start(insider, conversation_id=chat.id)) == "high"
    again = retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=first.turn.id, effort="medium")
    stop_turn(user=insider, turn_id=again.turn.id)
    assert effort(again) == "medium"
    assert effort(start(insider, conversation_id=chat.id)) == "medium"
    # The assistant's own again.
    assert effort(start(insider, conversation_id=chat.id, effort="")) == "low"


def test_a_model_gets_the_highest_level_that_it_takes(insider: User, able: LanguageModel) -> None:
    assert effort(start(insider, model_id=able.id, effort="max")) == "high"
    plain = factories.language_model("claude-plain")
    assert effort(start(insider, model_id=plain.id, effort="max")) == ""


def test_another_effort_is_another_frame(insider: User, able: LanguageModel) -> None:
    first = start(insider, model_id=able.id)
    second = start(insider, conversation_id=first.turn.conversation_id, effort="low")
    assert first.turn.frame_id != second.turn.frame_id


@pytest.mark.parametrize(
    "fields",
    [{"effort": "extreme"}, {"effort": 3}, {"effort": ["low"]}, {"tools_off": "weather"}, {"tools_off": {}}],
)
def test_other_values_are_refused(insider: User, guide: Assistant, fields: dict[str, Any]) -> None:
    assert refusal_code(start, insider, assistant_id=guide.id, **fields) == "invalid"


def test_too_many_tools_are_refused(insider: User, guide: Assistant) -> None:
    many = [str(uuid.uuid4()) for _number in range(501)]
    assert refusal_code(start, insider, assistant_id=guide.id, tools_off=many) == "invalid"


def test_a_tool_that_is_off_is_not_offered(insider: User, guide: Assistant) -> None:
    off = [str(factories.tool("weather").id), "no id", 5]
    first = start(insider, assistant_id=guide.id, tools_off=off)
    chat = first.turn.conversation
    assert (tools(first), chat.tools_off) == (["stock"], off[:1])
    assert tools(start(insider, conversation_id=chat.id)) == ["stock"]
    assert tools(start(insider, conversation_id=chat.id, tools_off=[])) == ["weather", "stock"]


def test_a_tool_that_is_off_does_not_run(insider: User, guide: Assistant) -> None:
    off = [str(factories.tool("weather").id)]
    turn = start(insider, assistant_id=guide.id, tools_off=off).turn
    message = factories.message(turn.conversation, turn.user_message, "", role="assistant", turn=turn)
    asked = [{"type": "tool_use", "id": f"toolu_{name}", "name": name} for name in ("weather", "stock")]
    assert [call.row.status for call in plan_calls(turn, message, asked, {})] == ["failed", "ready"]


def test_a_count_follows_what_was_chosen(insider: User, guide: Assistant) -> None:
    chat = start(insider, assistant_id=guide.id).turn.conversation
    whole = count_draft(user=insider, text="Hello", conversation_id=chat.id).tokens
    off = [str(tool.id) for tool in tools_of(guide)]
    less = start(insider, conversation_id=chat.id, tools_off=off).turn.conversation
    assert count_draft(user=insider, text="Hello", conversation_id=less.id).tokens < whole


def test_tools_that_staff_blocked_are_no_choice(guide: Assistant) -> None:
    assert [tool.name for tool in tools_of(guide)] == ["weather", "stock"]
    AssistantTool.objects.create(assistant=guide, tool=factories.tool("blocked", approval="deny"))
    AssistantTool.objects.create(assistant=guide, tool=factories.tool("off", enabled=False))
    AssistantTool.objects.filter(tool__name="stock").update(approval="deny")
    assert [tool.name for tool in tools_of(guide)] == ["weather"]
    assert usable_tools([guide]) == {guide.id: 1}
