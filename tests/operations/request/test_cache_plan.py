"""The measures of a cache plan, and that a long loop reads from the simulator's cache as planned."""

import datetime as dt
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.claude.cache.reuse import ReuseShares
from chat.claude.stream.fold import Fold
from chat.events.store import Batch
from chat.models import ApiCall, Assistant, Conversation, FrameCount, LanguageModel, Message, Turn, User
from chat.operations.billing import ledger
from chat.operations.conversations.path import ConversationPath
from chat.operations.request import build, cache_plan
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import claim, finish, open_call
from chat.operations.turns.finish import AnswerContent
from chat.providers.clients import sync_client
from tests import factories
from tests.operations.upstreams import connection as upstream_connection
from tests.operations.upstreams import model_of
from tests.support.clock import Clock
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db
CACHED = {"input_tokens": 10, "cache_write_5m_tokens": 900, "cache_write_1h_tokens": 600}
LOOKS = [{"type": "tool_use", "id": f"toolu_{number}", "name": "look", "input": {}} for number in range(12)]


@pytest.fixture(autouse=True)
def _fresh_habits() -> None:
    caches["process"].clear()


def asked(owner: User, **fields: Any) -> Turn:
    """A turn with one answer before it, which has a paid call."""
    chat = factories.conversation(owner, **fields)
    first = factories.turn(chat, text="High?", answer="Very.")
    factories.call(first, **CACHED, upstream_message_id="msg_first", frame_digest=first.frame_id)
    return factories.turn(chat, status="running", text="How very?", parent=chat.active_leaf, answer="")


def test_the_last_calls_of_the_path_are_measured(insider: User) -> None:
    running = factories.running(asked(insider))
    FrameCount.objects.create(
        frame_id=running.turn.frame_id, model_name="claude-test", tokens=700, exact=True
    )
    running.turn.frame.body["system"] = [{"type": "text", "text": "Be brief. " * 280}]
    request = build.request_for(running)
    assert "diagnostics" not in request, "a compatible server may not know it"
    path = ConversationPath.to(running.message.parent_id)
    measured = cache_plan.measure(running.turn, running.model, path)
    assert (measured.cache_state.prompt_tokens, measured.cache_state.alive_tokens) == (1510, 1500)
    assert (measured.cache_state.hour_tokens, measured.static_tokens) == (600, 700)
    assert (measured.previous, measured.policy, measured.minimum_tokens) == ("msg_first", "auto", 1024)
    assert (running.expected_cache.cached_tokens, running.expected_cache.alive_tokens) == (1500, 1500)
    plan = measured.plan(running.prices)
    assert (plan.rates.write_5m, plan.rates.write_1h, plan.rates.read) == (1.25, 2.0, 0.1)


@pytest.mark.parametrize(
    ("changes", "alive", "same"),
    [
        ({}, 1500, True),
        ({"started_at": timezone.now() - dt.timedelta(minutes=6)}, 600, True),
        ({"started_at": timezone.now() - dt.timedelta(minutes=61)}, 0, True),
        ({"frame_digest": "other"}, 0, False),
        ({"usage": None}, 0, True),
    ],
)
def test_expired_and_foreign_entries_are_ignored(
    insider: User, changes: dict[str, Any], alive: int, same: bool
) -> None:
    running = factories.running(asked(insider))
    ApiCall.objects.update(**{"frame_digest": running.turn.frame_id} | changes)
    build.request_for(running)
    assert (running.expected_cache.alive_tokens, running.expected_cache.same_frame) == (alive, same)


def test_first_request_has_no_history(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="running", answer="")
    running = factories.running(turn)
    measured = cache_plan.measure(turn, running.model, ConversationPath((turn.user_message,)))
    assert (measured.previous, measured.expected_cache.cached_tokens, measured.static_tokens) == (
        None,
        0,
        None,
    )
    assert measured.diagnostics(factories.provider("Real", kind="anthropic")) == {
        "diagnostics": {"previous_message_id": None}
    }


def test_queries_do_not_grow_with_the_conversation(insider: User) -> None:
    counts = []
    for length in (4, 60):
        chat = factories.long_conversation(insider, length)
        turn = factories.turn(chat, status="running", parent=chat.active_leaf, answer="")
        running = factories.running(turn)
        caches["process"].clear()
        with CaptureQueriesContext(
            connection,
        ) as seen:
            build.request_for(running)
        counts.append(len(seen))
        with CaptureQueriesContext(connection) as again:
            build.request_for(running)
        assert len(again) < len(seen), "habits are counted once in a while"
    assert counts[0] == counts[1]


def test_gaps_are_measured_per_assistant(insider: User, model: LanguageModel) -> None:
    guide = Assistant.objects.create(name="Guide", model=model)
    now = timezone.now()
    for minutes in ((300, 298, 290), (200,), (10,)):
        chat = factories.conversation(insider, assistant=guide, model=model)
        for ago in minutes:
            turn = factories.turn(chat, text="x", answer="y", parent=chat.active_leaf)
            Turn.objects.filter(id=turn.id).update(created_at=now - dt.timedelta(minutes=ago))
            factories.call(turn)
            factories.call(turn)
    found = cache_plan.habits(guide, model)
    assert found.immediate_share == 0.5
    # Gaps: 2 and 8 minutes, two that ended; the last conversation may still go on.
    assert found.turns == ReuseShares.of([120, 480, float("inf"), float("inf")])
    assert cache_plan.habits(None, model) == cache_plan.Habits(ReuseShares(), 0.0)


def test_gaps_between_uses_of_a_frame(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), text="x", answer="y")
    for ago in (0, 100, 4000):
        factories.call(
            turn, frame_digest=turn.frame_id, started_at=timezone.now() - dt.timedelta(seconds=ago)
        )
    assert cache_plan.uses(turn.frame_id) == ReuseShares.of([100, 3900])
    assert cache_plan.uses(turn.frame_id) == ReuseShares.of([100, 3900])


def test_cache_policy_of_the_assistant_applies(insider: User, model: LanguageModel) -> None:
    quiet = Assistant.objects.create(name="Quiet", model=model, cache_policy="none")
    turn = factories.turn(
        factories.conversation(insider, assistant=quiet), status="running", text="x" * 9000, answer=""
    )
    assert "cache_control" not in str(build.request_for(factories.running(turn)))


class Loop:
    """A turn that is answered by the simulator, call by call, as the engine would; time passes when told."""

    def __init__(
        self, owner: User, model: LanguageModel, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assistant = Assistant.objects.create(name=f"Looker {model.model_id}", model=model)
        self.chat = factories.conversation(owner, assistant=assistant)
        self.model, self.clock = model, clock
        self._start = timezone.now()
        self._clock_start = clock()
        monkeypatch.setattr(timezone, "now", self.now)

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=self.clock() - self._clock_start)

    def turn(self, text: str) -> RunningTurn:
        self.chat.refresh_from_db()
        turn = factories.turn(
            self.chat, status="queued", text=text, parent=self.chat.active_leaf, model=self.model
        )
        running = claim.claim_turn(turn.id, "host:1:aa")
        assert running
        running.turn.max_tokens = 2000
        return running

    def call(self, running: RunningTurn, number: int, content: list[Any] | None = None) -> ApiCall:
        """Make the next call of a turn; `content` is kept as its answer instead of the simulator's words."""
        request = build.request_for(running)
        call_id = open_call.open_call(running, request, call=number, attempt=1).call_id
        with sync_client(self.model.connection) as client:
            told = client.messages.create(**request).to_dict(mode="json", warnings=False)
        fold = Fold()
        fold.apply({"type": "message_start", "message": {**told, "content": []}})
        bill = ledger.bill_for_message(running.prices, told, whole=True)
        settlement = ledger.Settlement(
            status="succeeded", bill=bill, told=told, expected_cache=running.expected_cache
        )
        answer = AnswerContent(
            told["content"] if content is None else content, stop_reason=told["stop_reason"]
        )
        batch = Batch(running.turn.id, running.fence, 1, [])
        assert finish.end_call(running, batch, answer=answer, call=(call_id, settlement))
        return ApiCall.objects.get(id=call_id)

    def results(self, running: RunningTurn, blocks: list[Any]) -> None:
        """Put a message with tool results where the next answer's question is."""
        before = running.message.parent
        assert before
        results = factories.message(self.chat, before, "", content=blocks, kind="results", turn=running.turn)
        Message.objects.filter(id=running.message.id).update(parent=results, depth=results.depth + 1)
        running.message = Message.objects.get(id=running.message.id)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def upstream(make_simulator: Any, clock: Clock) -> Upstream:
    found: Upstream = make_simulator(clock=clock)
    return found


def test_loop_of_over_twenty_blocks_reads_as_planned(
    insider: User, upstream: Upstream, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(upstream_connection(upstream.url), "claude-opus-4-8")
    loop = Loop(insider, model, clock, monkeypatch)
    running = loop.turn("q" * 6000)
    before = loop.call(running, 1, LOOKS)
    assert before.cache_write_5m_tokens + before.cache_write_1h_tokens >= 2000
    for number in range(2, 5):
        start = (number - 2) * 12
        calls = [{**look, "id": f"toolu_{start + at}"} for at, look in enumerate(LOOKS)]
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "r" * 300} for call in calls]
        loop.results(running, results)
        clock.advance(20)
        following = [{**look, "id": f"toolu_{start + 12 + at}"} for at, look in enumerate(LOOKS)]
        call = loop.call(running, number, following if number < 4 else None)
        promised = running.expected_cache.alive_tokens
        assert (
            promised == before.cache_read_tokens + before.cache_write_5m_tokens + before.cache_write_1h_tokens
        )
        assert call.cache_read_tokens == promised, "24 new blocks lie between the tails"
        assert (call.cache_miss_reason, call.cache_missed_tokens) == ("", 0)
        before = call
    totals = upstream.invoice()["totals"]
    rows = ApiCall.objects.all()
    assert totals["cache_read_input_tokens"] == sum(row.cache_read_tokens for row in rows)


def test_cache_miss_reasons_are_stored(
    insider: User, upstream: Upstream, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(upstream_connection(upstream.url), "claude-opus-4-8")
    loop = Loop(insider, model, clock, monkeypatch)
    Assistant.objects.update(cache_policy="5m")
    first = loop.call(loop.turn("q" * 6000), 1)
    assert (first.cache_miss_reason, first.upstream_message_id[:4]) == ("", "msg_")
    Turn.objects.update(status="completed", finished_at=timezone.now())
    Conversation.objects.update(active_leaf=first.message)
    clock.advance(400)
    late = loop.call(loop.turn("And then?"), 1)
    assert (late.cache_miss_reason, late.cache_read_tokens) == ("expired", 0)
    assert late.cache_missed_tokens == first.cache_write_5m_tokens
    Turn.objects.update(status="completed", finished_at=timezone.now())
    Conversation.objects.update(active_leaf=late.message)
    Message.objects.filter(id=first.message.parent_id).update(content=[{"type": "text", "text": "z" * 6000}])
    clock.advance(10)
    edited = loop.call(loop.turn("And now?"), 1)
    assert edited.cache_miss_reason == "messages_changed"
    assert edited.cache_missed_tokens > 2000
