"""The ledger's self-check: no finding in Parley's own rows, and each broken rule, broken by raw SQL, is found."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chat.events.store import Batch
from chat.models import ApiCall, Turn, User
from chat.operations.billing import ledger
from chat.operations.billing.ledger_check import check_invoice, check_ledger
from chat.operations.billing.single_call import call_model
from chat.operations.turns import claim, finish, open_call
from chat.operations.turns.finish import AnswerContent, TurnEnd
from tests import factories
from tests.support.server import free_port
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db
USAGE = {"input_tokens": 1000, "output_tokens": 100}
REQUEST = {"max_tokens": 100, "messages": [{"role": "user", "content": "How high?"}]}


@pytest.fixture
def turn(insider: User) -> Turn:
    """A turn that ended through the operations, with a call repeated once and then paid."""
    chat = factories.conversation(insider)
    queued = factories.turn(chat, status="queued")
    running = claim.claim_turn(queued.id, "host:1:aa")
    assert running
    failed = ledger.Settlement(
        status="failed", bill=ledger.free_bill(), upstream_request_id="req_1", http_status=529
    )
    ledger.settle_call(open_call.open_call(running, REQUEST, call=1, attempt=1).call_id, failed)
    bill = ledger.bill_for(running.prices, USAGE, whole=True)
    paid = ledger.Settlement(status="succeeded", bill=bill, upstream_request_id="req_2", http_status=200)
    call = (open_call.open_call(running, REQUEST, call=1, attempt=2).call_id, paid)
    answer = AnswerContent([{"type": "text", "text": "Very high."}])
    assert finish.finish_turn(
        running,
        TurnEnd("completed"),
        Batch(queued.id, 1, 1, factories.frames(queued)),
        answer=answer,
        call=call,
    )
    factories.call(queued, key="title:1", purpose="title", turn=None, message=None)
    return Turn.objects.get(id=queued.id)


@pytest.fixture
def lawless(turn: Turn) -> Iterator[None]:
    """Lets raw SQL write what constraints refuse."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            # The end of the test brings them back, as all that its transaction did.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "SELECT conrelid::regclass, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
                " WHERE contype = 'c' AND relname LIKE 'chat_%'"
            )
            for table, name in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            yield
            return
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        yield
        cursor.execute("PRAGMA ignore_check_constraints = OFF")


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount > 0


def kinds() -> set[str]:
    return {finding.kind for finding in check_ledger().findings}


PAID = "WHERE upstream_request_id = 'req_2'"


def test_rows_written_by_parley_are_clean(turn: Turn) -> None:
    report = check_ledger()
    assert report.clean, report.findings
    assert (report.calls, report.turns, report.certainties) == (3, 1, {"exact": 3})
    assert report.cost_usd == sum(row.cost_usd for row in ApiCall.objects.all()) > 18


def test_an_empty_ledger_is_clean() -> None:
    assert check_ledger().clean


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (f"UPDATE chat_apicall SET cost_usd = 5 {PAID}", {"wrong_cost", "wrong_sum"}),
        (f"UPDATE chat_apicall SET unit_prices = NULL {PAID}", {"wrong_cost", "wrong_sum"}),
        (f"""UPDATE chat_apicall SET unit_prices = '{{"input":"x"}}' {PAID}""", {"wrong_cost"}),
        (f"""UPDATE chat_apicall SET unit_prices = '{{"input":"3"}}' {PAID}""", {"wrong_cost"}),
        (f"UPDATE chat_apicall SET unit_prices = '[1]' {PAID}", {"wrong_cost"}),
        (f"UPDATE chat_apicall SET thinking_tokens = 7 {PAID}", {"wrong_counter"}),
        (
            f"UPDATE chat_apicall SET status = 'open', finished_at = NULL {PAID}",
            {"left_open", "turn_without_call"},
        ),
        (f"UPDATE chat_apicall SET finished_at = NULL {PAID}", {"settled_without_end"}),
        (f"DELETE FROM chat_apicall {PAID}", {"turn_without_call"}),
        (f"UPDATE chat_apicall SET upstream_request_id = 'req_1' {PAID}", {"repeated_request"}),
    ],
)
@pytest.mark.usefixtures("lawless")
def test_a_broken_rule_is_found(statement: str, found: set[str]) -> None:
    sql(statement)
    assert kinds() == found


@pytest.mark.usefixtures("lawless")
def test_a_row_left_open_by_a_job_is_found(turn: Turn) -> None:
    fresh = "UPDATE chat_apicall SET status = 'open', finished_at = NULL WHERE key = 'title:1'"
    sql(fresh)
    report = check_ledger()
    assert report.clean
    assert report.certainties["open"] == 1
    sql("UPDATE chat_apicall SET started_at = '2020-01-01 00:00:00' WHERE key = 'title:1'")
    assert kinds() == {"left_open"}


def test_inconsistent_rows_are_found(turn: Turn, outsider: User) -> None:
    other = factories.turn(factories.conversation(outsider), answer="No")
    factories.call(other)
    assert check_ledger().clean
    broken = {
        "message": ("message_id", turn.messages.get().id),
        "turn": ("turn_id", turn.id),
        "conversation": ("conversation_id", turn.conversation_id),
    }
    for column, wrong in broken.values():
        row = ApiCall.objects.get(turn=other)
        before = getattr(row, column)
        sql(f"UPDATE chat_apicall SET {column} = %s WHERE id = %s", wrong.hex, row.pk)
        assert "misplaced" in kinds()
        sql(f"UPDATE chat_apicall SET {column} = %s WHERE id = %s", before.hex, row.pk)
    assert check_ledger().clean


def test_a_missing_call_is_found(turn: Turn) -> None:
    sql(f"UPDATE chat_apicall SET key = %s {PAID}", f"{turn.id}:1:3:1")
    [finding] = check_ledger().findings
    assert (finding.kind, finding.subject) == ("missing_call", f"{turn.id}:2")


def test_call_numbers_continue_after_a_wait(turn: Turn) -> None:
    for key in (f"{turn.id}:2:2:1", f"{turn.id}:3:3:1"):
        factories.call(turn, key=key)
    assert check_ledger().clean


def test_check_takes_a_constant_number_of_queries(insider: User, django_assert_num_queries: Any) -> None:
    for _ in range(2):
        chat = factories.conversation(insider)
        for _ in range(10):
            factories.call(factories.turn(chat, answer="Yes"))
        with django_assert_num_queries(11):
            assert check_ledger().clean


# --- Against an invoice ---


def billed(request_id: str, **usage: int) -> dict[str, Any]:
    names = ("input_tokens", "output_tokens", "thinking_tokens", "web_search_requests")
    cache = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "cache_read_input_tokens")
    return {"request_id": request_id, "usage": dict.fromkeys(names + cache, 0) | usage}


INVOICE = [billed("req_1"), billed("req_2", **USAGE)]


def invoice_kinds(rows: list[dict[str, Any]]) -> list[str]:
    return [finding.kind for finding in check_invoice(rows)]


@pytest.fixture
def compared(turn: Turn) -> Turn:
    ApiCall.objects.filter(key="title:1").delete()
    return turn


@pytest.mark.parametrize(
    ("invoice", "found"),
    [
        (INVOICE, []),
        (INVOICE[:1], ["not_on_invoice"]),
        ([*INVOICE, billed("req_3")], ["not_in_ledger"]),
        ([INVOICE[0], billed("req_2", input_tokens=999, output_tokens=100)], ["differs_from_invoice"]),
        ([INVOICE[0], billed("req_2", input_tokens=1000, output_tokens=99)], ["differs_from_invoice"]),
    ],
)
@pytest.mark.usefixtures("compared")
def test_an_invoice_is_compared_request_by_request(invoice: list[dict[str, Any]], found: list[str]) -> None:
    assert invoice_kinds(invoice) == found


@pytest.mark.usefixtures("compared")
def test_estimates_and_unknown_rows_match_the_invoice() -> None:
    other_output = [INVOICE[0], billed("req_2", input_tokens=1000, output_tokens=50)]
    other_prompt = [INVOICE[0], billed("req_2", input_tokens=9)]
    ApiCall.objects.filter(upstream_request_id="req_2").update(certainty="estimated")
    assert invoice_kinds(other_output) == []
    assert invoice_kinds(other_prompt) == ["differs_from_invoice"]
    ApiCall.objects.filter(upstream_request_id="req_2").update(certainty="unknown")
    assert invoice_kinds(other_prompt) == []


def test_rows_without_id_match_unnamed_requests(compared: Turn) -> None:
    factories.call(compared, status="cut", upstream_request_id="")
    assert invoice_kinds([*INVOICE, billed("req_3")]) == []
    assert invoice_kinds([*INVOICE, billed("req_3"), billed("req_4")]) == ["not_in_ledger"]
    assert check_invoice([*INVOICE, billed("req_3")], connection="Another") != []


# --- The command ---


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    try:
        call_command("check_ledger", *options)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().out


def test_command_prints_clean_with_figures(turn: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys) == (0, "clean: 3 calls (3 exact), 1 turns, 18.0045000000 USD\n")


def test_command_prints_findings(turn: Turn, capsys: pytest.CaptureFixture[str]) -> None:
    sql(f"UPDATE chat_apicall SET cost_usd = 5 {PAID}")
    code, told = run(capsys)
    assert code == 1
    assert f"wrong_cost: {turn.id}:1:1:2: 5.0000000000 USD, but" in told
    assert "2 findings in 3 calls" in told


def test_command_reads_the_simulators_invoice(
    insider: User, simulator: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = factories.provider(base_url=simulator.url)
    model = factories.language_model("claude-haiku-4-5", connection=provider)
    request: dict[str, Any] = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    call_model(model, request, purpose="test", door="job")
    for url in (simulator.url, f"{simulator.url}/simulator/invoice"):
        assert run(capsys, "--invoice", url, "--connection", provider.name)[0] == 0
    simulator.reset()
    code, told = run(capsys, "--invoice", simulator.url)
    assert code == 1
    assert told.startswith("not_on_invoice: test:")
    with pytest.raises(CommandError, match="No invoice at"):
        run(capsys, "--invoice", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CommandError, match="No invoice at"):
        run(capsys, "--invoice", f"{simulator.url}/v1/invoice")
