"""Any number that a model writes keeps its digits: upstream, database, page, API, edit, tool, result, next request.

Each turn runs in this process against a server on loopback, and its tool is a webhook on another one.
"""

import html
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chat.claude.encoding.exact_numbers import exact_json
from chat.events.payloads import read_event
from chat.events.store import stored_frames
from chat.models import Assistant, AssistantTool, ToolCall, ToolDefinition, Turn, User
from chat.operations.turns.tool_decisions import decide_call
from tests import factories
from tests.support.asgi import read_body
from tests.support.simulator import Loopback
from tests.tools.servers import SECRET, reply
from tests.world.provider_stub import Asked, Reply, Stub, answer
from tests.world.provider_turns import ask, ended, model_at, run_again

pytestmark = pytest.mark.django_db(transaction=True)
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
HARD = ["1.10", "1e400", "-0", "-0.0", "1E5", "18446744073709551616", "9" * 400, "0." + "1" * 40]
HEAD = (
    '{"id":"msg_1","type":"message","role":"assistant","model":"stub","stop_reason":%s,"stop_sequence":null,'
    '"content":%s,"usage":{"input_tokens":20,"output_tokens":7%s}}'
)
CALL = '{"type":"tool_use","id":"toolu_1","name":"order","input":%s}'
FORMS = ["deltas", "block start", "whole message"]


def written(form: str, given: str, extra: str = "") -> Reply:
    """An answer that calls the tool with this JSON input, in one of the forms that servers send; `extra` is a counter
    that nobody knows.
    """
    if form == "whole message":
        return Reply(body=(HEAD % ('"tool_use"', f"[{CALL % given}]", extra)).encode())
    begun = CALL % ("{}" if form == "deltas" else given)
    events = [
        '{"type":"message_start","message":%s}' % (HEAD % ("null", "[]", extra)),
        f'{{"type":"content_block_start","index":0,"content_block":{begun}}}',
        '{"type":"content_block_stop","index":0}',
        '{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}',
        '{"type":"message_stop"}',
    ]
    for at in range(0, len(given) if form == "deltas" else 0, 7):
        delta = {"type": "input_json_delta", "partial_json": given[at : at + 7]}
        events.insert(-3, json.dumps({"type": "content_block_delta", "index": 0, "delta": delta}))
    return Reply(body="".join(f"data: {event}\n\n" for event in events).encode(), kind="text/event-stream")


class Shop:
    """A webhook that keeps the bytes of its inputs and answers with the same ones."""

    def __init__(self) -> None:
        self.input = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await read_body(receive)).decode()
        self.input = body[body.index('"input":') + 8 : body.index(',"user"')]
        await reply(send, 200, self.input.encode(), [(b"content-type", b"application/json")])


def assistant_at(upstream: Stub, shop_url: str) -> Assistant:
    schema = {"type": "object"}
    fields = {"kind": "webhook", "url": shop_url, "secret": SECRET, "input_schema": schema}
    tool = ToolDefinition.objects.update_or_create(name="order", defaults=fields)[0]
    made = Assistant.objects.create(name=upstream.url, model=model_at(upstream))
    AssistantTool.objects.create(assistant=made, tool=tool, approval="ask")
    return made


def assert_shown(turn: Turn, person: User, given: str) -> None:
    """What viewers, the API and the page show of the call, and what its rows hold."""
    [told] = [frame.data for frame in stored_frames(turn.id) if frame.type == "tool.requested"]
    call = ToolCall.objects.get(turn=turn)
    client = Client()
    client.force_login(person)
    shown = client.get(f"/api/v1/turns/{turn.id}").content.decode()
    page = html.unescape(client.get(f"/c/{turn.conversation_id}").content.decode())
    texts = [exact_json(call.effective_input), shown, page]
    if call.edited_input is None:
        texts += [told.decode(), read_event(told)["input_json"]]
        texts += [exact_json(message.content) for message in turn.messages.filter(role="assistant")]
    for text in texts:
        assert given in "".join(text.replace('\\"', '"').split())


def assert_same_number(sent: Any, literal: str) -> None:
    """What goes back to the model is the same number, or its digits as text where no float holds it."""
    assert sent in (literal, float(literal)) or Decimal(sent) == Decimal(literal)


@pytest.mark.parametrize("form", FORMS)
@hypothesis_settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(numbers, min_size=8, max_size=8))
def test_digits_survive_their_whole_way(form: str, drawn: list[str], settings: Any) -> None:
    settings.EGRESS_ALLOW = ["127.0.0.1"]
    literals = HARD + drawn
    given = f'{{"a":[{",".join(literals)}],"qty":1}}'
    edited = given.replace('"qty":1', '"qty":1.10')

    def told(asked: Asked) -> Reply:
        first = asked.streams and len(asked.body["messages"]) == 1
        return written(form, given) if first else answer(asked)

    shop = Shop()
    with Loopback(shop, interface="asgi3") as served, Stub(told) as upstream:
        person = factories.person()
        turn = ask(author=person, assistant_id=assistant_at(upstream, served.url).id)
        call = ToolCall.objects.get(turn=turn)
        assert_shown(turn, person, given)
        decide_call(user=person, tool_call_id=call.id, decision="edit", input=edited)
        assert ended(run_again(turn)) == ("completed", "end_turn")
        assert shop.input == edited
        assert_shown(turn, person, edited)
        call.refresh_from_db()
        assert call.result == [{"type": "text", "text": edited}]
        called, result = upstream.asked[-1].body["messages"][1:3]
    assert result["content"][0]["content"] == [{"type": "text", "text": edited}]
    for sent, literal in zip(called["content"][0]["input"]["a"], literals, strict=True):
        assert_same_number(sent, literal)
