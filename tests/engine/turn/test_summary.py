"""The call of a summary: its cost when it fails, is retried or is cut."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import pytest
from asgiref.sync import sync_to_async

from chat.claude.failures.failure import Failure
from chat.engine.turn.attempt import AttemptFailed, FellSilent
from chat.engine.turn.cancellation import Cancellation
from chat.engine.turn.coalescer import Coalescer, Pace
from chat.engine.turn.sender import Sender
from chat.engine.turn.summary import write_summary
from chat.models import ApiCall, Message, Turn
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import summaries
from chat.operations.turns.claim import claim_turn
from chat.providers.clients import ClientPool
from tests import factories
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = "host:1:aa"


def work_with(upstream: str) -> RunningTurn:
    connection = factories.provider(base_url=upstream, kind="simulator", max_retries=1)
    model = factories.language_model("claude-haiku-4-5", connection=connection, max_input_tokens=20_000)
    chat = factories.conversation(factories.person())
    before = factories.turn(chat, text="What is it?", answer="A bridge.", model=model)
    summary = factories.message(chat, before.messages.get(), "", kind="summary")
    turn = factories.turn(chat, status="queued", text="How high?", parent=summary, model=model)
    running = claim_turn(turn.id, OWNER)
    assert running
    return running


class RecordingSender(Sender):
    """Records the failures before retries instead of waiting."""

    waited: ClassVar[list[Failure]] = []

    async def wait(self, cause: Failure, _tries: int) -> None:
        self.waited.append(cause)


class StoppedAtTheEnd(Cancellation):
    """A turn that is stopped just when the whole answer has arrived."""

    @contextlib.asynccontextmanager
    async def abortable(self) -> AsyncIterator[None]:
        yield
        raise TimeoutError


async def watch(sender: Sender) -> None:
    """Check for silence as the engine does, but more often."""
    while True:
        await asyncio.sleep(0.05)
        sender.check_silence()


async def nowhere() -> None:
    """There is no other connection."""


async def written(running: RunningTurn, scope: Cancellation | None = None) -> list[Failure]:
    """Have the summary written; returns the failures that were waited for."""
    job = await sync_to_async(summaries.summary_job)(running)
    assert job
    RecordingSender.waited.clear()
    clients = ClientPool()
    cutter = Coalescer(lambda _event: None, Pace())
    sender = RecordingSender(running, clients, cutter, scope or Cancellation())
    watching = asyncio.create_task(watch(sender))
    try:
        await write_summary(sender, job, itertools.count(1), nowhere)
    finally:
        watching.cancel()
        await clients.close()
    return RecordingSender.waited


@sync_to_async
def rows() -> list[tuple[str, str, str]]:
    return [
        (row.status, row.error_code, row.certainty)
        for row in ApiCall.objects.filter(purpose="summary").order_by("id")
    ]


@sync_to_async
def summary() -> str:
    return Message.objects.get(kind="summary").text


async def test_a_passing_failure_is_tried_again(make_simulator: Callable[..., Upstream]) -> None:
    upstream = make_simulator(scenario="overloaded times=1")
    running = await sync_to_async(work_with)(upstream.url)
    waited = await written(running)
    assert [cause.kind for cause in waited] == ["overloaded"]
    assert await rows() == [("failed", "overloaded", "exact"), ("succeeded", "", "exact")]
    assert await summary()
    billed = upstream.invoice()["totals"]
    paid = await ApiCall.objects.aget(status="succeeded")
    assert (paid.input_tokens, paid.output_tokens) == (billed["input_tokens"], billed["output_tokens"])


@pytest.mark.parametrize(
    ("scenario", "kind", "certainty"),
    [
        ("overloaded", "overloaded", "exact"),
        ("error_after_delta", "overloaded", "estimated"),
        ("truncated", "truncated", "estimated"),
        ("cut", "connection", "estimated"),
        ("bad_json", "protocol", "estimated"),
    ],
)
async def test_a_lasting_failure_leaves_no_summary(
    make_simulator: Callable[..., Upstream], scenario: str, kind: str, certainty: str
) -> None:
    running = await sync_to_async(work_with)(make_simulator(scenario=scenario).url)
    with pytest.raises(AttemptFailed) as failed:
        await written(running)
    assert failed.value.failure.kind == kind
    assert await rows() == [("failed", kind, certainty)] * 2
    assert await summary() == ""


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("refusal", "refused"),
        ("refusal_mid", "refused"),
        ("max_tokens", "truncated"),
        ("empty", "truncated"),
        ("whitespace", "truncated"),
        ("context_exceeded", "context_full"),
        ("stops reason=stop_sequence", "protocol"),
    ],
)
async def test_invalid_summary_is_not_stored(
    make_simulator: Callable[..., Upstream], scenario: str, kind: str
) -> None:
    upstream = make_simulator(scenario=scenario)
    running = await sync_to_async(work_with)(upstream.url)
    with pytest.raises(AttemptFailed) as failed:
        await written(running)
    assert failed.value.failure.kind == kind
    assert await summary() == ""
    assert await rows() == [("succeeded", "", "exact")], "it came whole, and is not asked for again"
    paid = await ApiCall.objects.aget()
    assert paid.output_tokens == upstream.invoice()["totals"]["output_tokens"]


async def test_unreachable_upstream_costs_nothing() -> None:
    running = await sync_to_async(work_with)("http://127.0.0.1:9")
    with pytest.raises(AttemptFailed):
        await written(running)
    assert await rows() == []


async def test_a_stop_settles_the_call(simulator: Upstream) -> None:
    running = await sync_to_async(work_with)(simulator.url)

    with pytest.raises(TimeoutError):
        await written(running, StoppedAtTheEnd())
    assert [status for status, _code, _certainty in await rows()] == ["cut"]
    assert await Turn.objects.aget(id=running.turn.id)


@pytest.mark.parametrize("scenario", ["pings at=start seconds=20 every=0.2", "slow_first_byte first_byte=20"])
async def test_silent_upstream_is_asked_once(make_simulator: Callable[..., Upstream], scenario: str) -> None:
    running = await sync_to_async(work_with)(make_simulator(scenario=scenario).url)
    running.connection.content_idle_seconds = 1
    with pytest.raises(FellSilent):
        await written(running)
    assert [(status, code) for status, code, _certainty in await rows()] == [("failed", "timeout")]


async def test_summary_moves_on_after_two_failures(make_simulator: Callable[..., Upstream]) -> None:
    upstream = make_simulator(scenario="overloaded")
    running = await sync_to_async(work_with)(upstream.url)
    running.connection.max_retries = 5
    sender = RecordingSender(running, ClientPool(), Coalescer(lambda _event: None, Pace()), Cancellation())

    async def elsewhere() -> str:
        return "another connection"

    job = await sync_to_async(summaries.summary_job)(running)
    assert job
    with pytest.raises(AttemptFailed):
        await write_summary(sender, job, itertools.count(1), elsewhere)
    await sender.clients.close()
    assert len(await rows()) == 2
