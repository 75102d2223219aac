"""The request of a summary, and what is kept of the answer."""

from decimal import Decimal

import pytest

from chat.claude.limits import compaction
from chat.claude.request.mcp_connector import toolset
from chat.models import ApiCall, Budget, BudgetHold, LanguageModel, Message, Turn, User
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import claim, summaries
from tests import factories

pytestmark = pytest.mark.django_db


def due(owner: User, *, left: int = 3_000, **body: object) -> RunningTurn:
    """A claimed turn whose message stands behind an empty summary."""
    model = factories.language_model(max_input_tokens=8_000)
    chat = factories.conversation(owner)
    before = factories.turn(chat, text="What is it?", answer="A bridge.", model=model)
    factories.call(before, usage={"input_tokens": left, "output_tokens": 0})
    summary = factories.message(chat, before.messages.get(), "", kind="summary")
    turn = factories.turn(chat, status="queued", text="How high?", parent=summary, model=model)
    turn.frame.body.update(body)
    turn.frame.save()
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running
    return running


def test_summary_request_reuses_the_prefix(insider: User) -> None:
    shape = {"format": {"type": "json_schema", "schema": {}}}
    running = due(
        insider, output_config={"effort": "low", **shape}, tool_choice={"type": "tool", "name": "answer"}
    )
    job = summaries.summary_job(running)
    assert job
    assert [message["role"] for message in job.request["messages"]] == ["user", "assistant", "user"]
    assert job.request["messages"][-1]["content"][0]["text"] == compaction.SUMMARY_INSTRUCTION
    assert job.request["max_tokens"] == 2_000
    assert job.request["output_config"] == {"effort": "low"}
    assert "tool_choice" not in job.request
    running.turn.frame.body = {"model": "m", "output_config": shape, "thinking": {"type": "enabled"}}
    job = summaries.summary_job(running)
    assert job
    assert set(job.request) == {"model", "max_tokens", "messages"}


def test_summary_request_has_no_mcp_servers(insider: User) -> None:
    weather = {"name": "weather", "input_schema": {"type": "object"}}
    running = due(insider, tools=[weather, toolset("shop", ["add"])])
    running.turn.frame.body = {**running.turn.frame.body}
    before = running.turn.user_message.parent.parent  # type: ignore[union-attr]
    thought = {"type": "thinking", "thinking": "x", "signature": "s"}
    Message.objects.filter(id=before.id).update(content=[thought, *before.content], frame=running.turn.frame)
    job = summaries.summary_job(running)
    assert job
    assert job.request["tools"] == [weather]
    kinds = [block["type"] for message in job.request["messages"] for block in message["content"]]
    assert kinds == ["text"] * 3, "thinking is bound to the tools that stood before it"
    running.turn.frame.body = {**running.turn.frame.body, "tools": [weather]}
    job = summaries.summary_job(running)
    assert job
    assert job.request["messages"][1]["content"][0] == thought


def test_path_that_does_not_fit_is_quoted(insider: User) -> None:
    job = summaries.summary_job(due(insider, left=9_000))
    assert job
    (message,) = job.request["messages"]
    text = message["content"][0]["text"]
    assert text.startswith(compaction.SUMMARY_INSTRUCTION)
    assert "<user>\nWhat is it?\n</user>\n<assistant>\nA bridge.\n</assistant>" in text


def test_quoted_path_begins_with_the_api_summary(insider: User) -> None:
    running = due(insider, left=9_000)
    before = running.turn.user_message.parent.parent  # type: ignore[union-attr]
    summary = {"type": "compaction", "content": "It is a bridge."}
    Message.objects.filter(id=before.id).update(content=[summary, *before.content])
    job = summaries.summary_job(running)
    assert job
    text = job.request["messages"][0]["content"][0]["text"]
    assert "It is a bridge." in text
    assert "What is it?" not in text


def test_turn_without_an_empty_summary_has_no_job(insider: User) -> None:
    plain = factories.turn(factories.conversation(insider), status="running", answer="")
    assert summaries.summary_job(factories.running(plain)) is None


def test_a_summary_is_written_once_by_the_turns_owner(insider: User) -> None:
    running = due(insider)
    job = summaries.summary_job(running)
    assert job
    assert not summaries.keep_summary(running, job, "  ")
    running.turn.owner = "host:2:bb"
    assert not summaries.keep_summary(running, job, "Another owner's.")
    running.turn.owner = "host:1:aa"
    assert summaries.keep_summary(running, job, " A bridge. ")
    assert not summaries.keep_summary(running, job, "Another.")
    kept = Message.objects.get(kind="summary")
    assert (kept.text, kept.content) == (
        "A bridge.",
        [{"type": "text", "text": compaction.summary_text("A bridge.")}],
    )
    running.turn = Turn.objects.select_related("user_message__parent").get(id=running.turn.id)
    assert summaries.summary_job(running) is None
    request = build.request_for(running)
    assert [message["role"] for message in request["messages"]] == ["user"]
    assert "bridge" in request["messages"][0]["content"][0]["text"]
    assert request["messages"][0]["content"][1]["text"] == "How high?"


def test_summary_call_is_in_the_ledger(insider: User) -> None:
    running = due(insider)
    job = summaries.summary_job(running)
    assert job
    summaries.open_summary_call(running, job, 2)
    row = ApiCall.objects.get(purpose="summary")
    assert (row.turn, row.message, row.attempt, row.user) == (running.turn, None, 2, insider)
    assert LanguageModel.objects.get() == row.model


def test_summary_worst_case_is_held(insider: User) -> None:
    budget = Budget.objects.create(name="All", scope="workspace", hard_limit_usd=Decimal(100))
    running = due(insider)
    job = summaries.summary_job(running)
    assert job
    call = summaries.open_summary_call(running, job, 1)
    held = BudgetHold.objects.get(call_id=call.call_id).amount_usd
    assert held > 0
    call.discard()
    budget.hard_limit_usd = Decimal("0.01")
    assert held > budget.hard_limit_usd
    budget.save()
    with pytest.raises(BudgetExceeded):
        summaries.open_summary_call(running, job, 2)
    assert not ApiCall.objects.filter(purpose="summary").exists()
