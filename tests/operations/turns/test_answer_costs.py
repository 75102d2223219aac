"""What answers cost: the rows of the ledger that a receipt sums, and who sees how much of them."""

import pytest

from chat.models import User, Workspace
from chat.operations.turns.answer_costs import calls_of_turns, cost_detail, last_calls, read_receipt
from chat.presentation.receipt import CostDetail
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def test_a_turn_has_the_calls_of_its_answers_and_summaries(insider: User) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, answer="Well")
    calls = [factories.call(turn), factories.call(turn, purpose="summary", message=None)]
    calls.append(factories.call(turn, status="failed", message=None))
    factories.call(turn, purpose="count")
    assert calls_of_turns([turn.id]) == {turn.id: calls}


def test_the_receipt_is_that_of_all_answers_of_a_turn(insider: User) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, answer="First")
    first = turn.messages.get()
    results = factories.message(chat, first, "", kind="results", turn=turn)
    second = factories.message(chat, results, "Second", role="assistant", turn=turn)
    for answer in (first, second):
        factories.call(turn, message=answer)
    for part in (first, results, second):
        receipt = read_receipt(viewer=insider, message_id=part.id)
        assert [row.figure for row in receipt.rows if row.label == "Model calls"] == ["2"]
        assert receipt.written_at == second.created_at.isoformat()


def test_a_turn_without_calls_has_no_cost(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), answer="Well")
    receipt = read_receipt(viewer=insider, message_id=turn.messages.get().id)
    assert "Cost" not in [row.label for row in receipt.rows]


def test_what_others_asked_and_what_was_imported_has_no_receipt(insider: User, outsider: User) -> None:
    foreign = factories.turn(factories.conversation(outsider), answer="Well").messages.get()
    chat = factories.conversation(insider, "Hello")
    imported = factories.message(chat, chat.messages.get(), "Well", role="assistant")
    for message_id in (foreign.id, imported.id, "x"):
        assert refusal_code(read_receipt, viewer=insider, message_id=message_id) == "not_found"


def test_an_answer_that_was_tried_again_has_its_last_call(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), answer="Well")
    answer = turn.messages.get()
    factories.call(turn, message=answer, status="failed")
    last = factories.call(turn, message=answer)
    assert last_calls([answer]) == {answer.id: last}


@pytest.mark.parametrize(
    ("staff", "shows", "detail"),
    [
        (True, False, CostDetail.EXACT),
        (False, True, CostDetail.ROUNDED),
        (False, False, CostDetail.HIDDEN),
    ],
)
def test_the_workspace_says_who_sees_costs(
    staff: bool, shows: bool, detail: CostDetail, insider: User
) -> None:
    Workspace.objects.create(shows_costs=shows)
    insider.is_staff = staff
    assert cost_detail(insider) is detail
