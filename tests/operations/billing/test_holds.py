"""Holds of calls whose prompt grows by more than its bytes: results of server tools, pages of PDFs."""

import uuid
from decimal import Decimal
from typing import Any

import pytest

from chat.claude.limits.cost_bound import FETCH_LIMIT_TOKENS, LIMIT_FACTOR, PAGE_TOKENS, SERVER_TOOL_USES
from chat.models import Assistant, AssistantTool, Budget, BudgetHold, LanguageModel, ToolDefinition, User
from chat.operations import running_turn
from chat.operations.billing import ledger
from chat.operations.files.uploads import store_upload
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import claim, finish, open_call
from tests import factories
from tests.support import media, turns

pytestmark = pytest.mark.django_db
MILLION = Decimal(1_000_000)
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}


@pytest.fixture(autouse=True)
def _budget() -> None:
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1_000)


def begin(author: User, model: LanguageModel, **fields: Any) -> RunningTurn:
    asked = {"author": author, "client_id": uuid.uuid4(), "text": "Look", "model_id": model.id, **fields}
    begun = claim.claim_turn(turns.start_turn(**asked).turn.id, "host:1:aa")
    assert begun
    return begun


def held_tokens(of: RunningTurn, call: int = 1) -> tuple[int, Decimal]:
    """Open a call; returns its row and how many tokens of prompt its hold pays for."""
    request = build.request_for(of)
    opened = open_call.open_call(of, request, call=call, attempt=1)
    held, row = BudgetHold.objects.get(call_id=opened.call_id).amount_usd, of.prices[0]
    each = row.write_5m if "ephemeral" in str(request) else row.input
    return opened.call_id, (held - request["max_tokens"] * row.output / MILLION) / each * MILLION


def test_hold_includes_what_tools_may_find(insider: User) -> None:
    model = factories.language_model("claude-wide", max_input_tokens=10_000_000)
    guide = Assistant.objects.create(name="Guide", model=model)
    tool = ToolDefinition.objects.create(name="web_fetch", kind="server", options=FETCH)
    AssistantTool.objects.create(assistant=guide, tool=tool)
    turn = begin(insider, model, model_id=None, assistant_id=guide.id, text="many words " * 2_000)
    sent = build.request_for(turn)["tools"][0]
    assert sent == {**FETCH, "max_uses": SERVER_TOOL_USES, "max_content_tokens": FETCH_LIMIT_TOKENS}
    found = SERVER_TOOL_USES * int(LIMIT_FACTOR * FETCH_LIMIT_TOKENS)
    call_id, tokens = held_tokens(turn)
    assert tokens >= found
    bill = ledger.bill_for(turn.prices, {"input_tokens": 5_000, "output_tokens": 10}, whole=True)
    ledger.settle_call(call_id, ledger.Settlement(status="succeeded", bill=bill))
    pause = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_fetch", "input": {}}
    finish.keep_answer(turn.message, finish.AnswerContent([pause], stop_reason="pause_turn"))
    running_turn.next_answer(turn, turn.message)
    _call, tokens = held_tokens(turn, 2)
    assert 5_000 + found <= tokens <= 5_000 + found + 1_000, "by what the last call told, and the finds again"


def test_hold_includes_the_pages_of_pdfs(insider: User) -> None:
    data = media.packed_pdf(40)
    assert b"/Page" not in data
    assert len(data) < 1_000
    model = factories.language_model("claude-wide", max_input_tokens=10_000_000)
    paper = store_upload(owner=insider, name="paper.pdf", data=data)
    assert paper.pages == 40
    _call, tokens = held_tokens(begin(insider, model, attachments=[str(paper.id)]))
    assert 40 * PAGE_TOKENS <= tokens <= 40 * PAGE_TOKENS + 1_000
