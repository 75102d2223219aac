"""Titles: the first words at once, a model's title after the first answer, a person's own for good."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from chat.models import ApiCall, Budget, Conversation, LanguageModel, User
from chat.operations.conversations import titles
from chat.operations.conversations.edit import update_conversation
from chat.providers import clients
from chat.providers.upstream import UpstreamError
from chat.tasks import title_conversation_task
from tests import factories
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db


def answered(owner: User, model: LanguageModel | None = None, **fields: Any) -> Conversation:
    chat = factories.conversation(owner, **fields)
    factories.turn(chat, text="How high is it?", answer="Very high.", model=model)
    return chat


def age(chat: Conversation, **fields: Any) -> None:
    Conversation.objects.filter(id=chat.id).update(**fields)


def test_naming_is_claimed_once_for_the_first_answer(insider: User) -> None:
    chat = answered(insider)
    factories.turn(chat, text="Later", answer="Later still", parent=chat.active_leaf)
    job = titles.claim_title(str(chat.id))
    assert job
    assert (job.conversation, job.model.model_id) == (chat, "claude-test")
    assert "How high is it?\n\nVery high." in job.prompt
    assert "Later" not in job.prompt
    assert titles.claim_title(str(chat.id)) is None


def test_an_empty_answer_is_quoted_as_nothing(insider: User) -> None:
    chat = factories.conversation(insider)
    factories.turn(chat, text="How high is it?")
    job = titles.claim_title(str(chat.id))
    assert job
    assert "How high is it?\n\n\n" in job.prompt


def test_nothing_is_claimed_without_an_answer_or_a_model(insider: User) -> None:
    unanswered = factories.conversation(insider)
    factories.turn(unanswered, status="failed")
    assert titles.claim_title(str(unanswered.id)) is None
    modelless = answered(insider)
    LanguageModel.objects.all().delete()
    assert titles.claim_title(str(modelless.id)) is None
    assert titles.claim_title(str(uuid.uuid4())) is None
    modelless.refresh_from_db()
    assert modelless.title_status == "none"


def test_the_cheapest_usable_model_is_asked(insider: User, model: LanguageModel) -> None:
    factories.language_model("claude-small", prices={**factories.PRICES, "output": 1})
    factories.language_model("claude-free-and-off", prices={**factories.PRICES, "output": 0}, enabled=False)
    factories.language_model("claude-unpriced", prices={})
    found = titles.cheapest_model(model.connection)
    assert found
    assert found.model_id == "claude-small"
    LanguageModel.objects.exclude(model_id="claude-unpriced").delete()
    assert titles.cheapest_model(model.connection) is None


def test_without_prices_the_turns_own_model_is_asked(insider: User) -> None:
    own = factories.language_model("claude-own", prices={})
    job = titles.claim_title(str(answered(insider, own).id))
    assert job
    assert job.model == own


@pytest.mark.parametrize(
    ("model_id", "thinking"),
    [
        ("claude-haiku-4-5", {}),
        ("claude-opus-4-8", {"disabled": {"supported": True}}),
        ("claude-fable-5-2", {"adaptive": {"supported": True}}),
    ],
)
def test_a_title_is_one_paid_call(
    insider: User, simulator: Upstream, model_id: str, thinking: dict[str, Any]
) -> None:
    connection = factories.provider(base_url=simulator.url, kind="simulator")
    model = factories.language_model(
        model_id, connection=connection, capabilities={"thinking": {"types": thinking}}
    )
    chat = answered(insider, model)
    job = titles.claim_title(str(chat.id))
    assert job
    title = titles.ask_for_title(job)
    assert title.strip()
    titles.give_title(str(chat.id), title)
    chat.refresh_from_db()
    # A model that can't be kept from thinking gets room for it, and then some say more than a title.
    expected = "" if "adaptive" in thinking else title.strip().rstrip(".")
    assert (chat.title, chat.title_status) == (expected, "done")
    row = ApiCall.objects.get()
    assert (row.purpose, row.door, row.user, row.conversation, row.turn) == (
        "title",
        "chat",
        insider,
        chat,
        None,
    )
    assert (row.status, row.certainty) == ("succeeded", "exact")
    billed = simulator.invoice()["rows"]
    assert [(bill["request_id"], bill["usage"]["output_tokens"]) for bill in billed] == [
        (row.upstream_request_id, row.output_tokens)
    ]


def job_over(upstream: str, insider: User, **limits: Any) -> titles.TitleJob:
    connection = factories.provider(base_url=upstream, **limits)
    model = factories.language_model("claude-haiku-4-5", connection=connection)
    job = titles.claim_title(str(answered(insider, model).id))
    assert job
    return job


@pytest.mark.parametrize(
    ("scenario", "waits", "rows"),
    [
        ("overloaded", [(0.375, 0.5), (0.75, 1)], ["overloaded"] * 3),
        ("rate_limited retry_after=1", [(1, 1)] * 2, ["rate_limited"] * 3),
        ("rate_limited retry_after=90", [(7, 7)] * 2, ["rate_limited"] * 3),
        ("bad_request", [], ["invalid_request"]),
    ],
)
def test_a_title_is_retried_as_answers_are(
    insider: User, make_simulator: Callable[..., Upstream], scenario: str, waits: Any, rows: list[str]
) -> None:
    url = make_simulator(scenario=scenario).url
    job = job_over(url, insider, max_retries=2, retry_after_limit_seconds=7)
    waited: list[float] = []
    with pytest.raises(UpstreamError):
        titles.ask_for_title(job, wait=waited.append)
    assert len(waited) == len(waits)
    assert all(least <= seconds <= most for seconds, (least, most) in zip(waited, waits, strict=True))
    assert list(ApiCall.objects.order_by("id").values_list("error_code", flat=True)) == rows


def test_a_title_that_fails_once_is_given(insider: User, make_simulator: Callable[..., Upstream]) -> None:
    job = job_over(make_simulator(scenario="overloaded times=1").url, insider)
    assert titles.ask_for_title(job, wait=lambda _seconds: None).strip()
    assert list(ApiCall.objects.order_by("id").values_list("status", flat=True)) == ["failed", "succeeded"]


def test_a_title_is_not_retried_beyond_its_jobs_time(
    insider: User, make_simulator: Callable[..., Upstream]
) -> None:
    job = job_over(make_simulator(scenario="overloaded").url, insider)
    times = iter([0.0, 100.0, 299.9])
    with pytest.raises(UpstreamError):
        titles.ask_for_title(job, wait=lambda _seconds: None, clock=lambda: next(times))
    assert ApiCall.objects.count() == 2


def test_a_silent_model_is_asked_once_for_a_title(
    insider: User, make_simulator: Callable[..., Upstream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "JOB_TIMEOUT_SECONDS", 0.5)
    job = job_over(make_simulator(scenario="slow_first_byte first_byte=20").url, insider)
    with pytest.raises(UpstreamError):
        titles.ask_for_title(job, wait=lambda _seconds: None)
    assert [row.error_code for row in ApiCall.objects.all()] == ["timeout"]


@pytest.mark.parametrize(
    ("told", "title"), [('"High mountains."', "High mountains"), ("  \n", "First words")]
)
def test_a_models_title_is_kept_when_there_is_one(insider: User, told: str, title: str) -> None:
    chat = answered(insider, title="First words")
    assert titles.claim_title(str(chat.id))
    titles.give_title(str(chat.id), told)
    chat.refresh_from_db()
    assert (chat.title, chat.title_status) == (title, "done")


def test_title_by_a_person_is_kept(insider: User) -> None:
    chat = answered(insider)
    assert titles.claim_title(str(chat.id))
    update_conversation(user=insider, conversation_id=chat.id, title="Mine")
    titles.give_title(str(chat.id), "The model's")
    chat.refresh_from_db()
    assert chat.title == "Mine"


def test_the_sweep_finds_what_was_missed_or_abandoned(insider: User) -> None:
    now = timezone.now()
    missed, abandoned, claimed, fresh, named = (answered(insider) for _ in range(5))
    age(missed, last_message_at=now - dt.timedelta(minutes=2))
    for chat, minutes in ((abandoned, 13), (claimed, 11)):
        moment = now - dt.timedelta(minutes=minutes)
        age(chat, last_message_at=moment, title_status="claimed", title_claimed_at=moment)
    age(named, last_message_at=now - dt.timedelta(hours=1), title_status="done")
    assert titles.unnamed_conversations() == [str(abandoned.id), str(missed.id)]
    assert titles.unnamed_conversations(limit=1) == [str(abandoned.id)]
    fresh.refresh_from_db()
    assert fresh.title_status == "none"


@pytest.fixture
def broker() -> Path:
    """The folder of the embedded broker's messages, emptied."""
    folder = Path(settings.BROKER_DIR) / "messages"
    for waiting in folder.iterdir():
        waiting.unlink()
    return folder


def test_a_worker_is_woken_for_a_first_answer_only(insider: User, broker: Path) -> None:
    chat = answered(insider)
    assert titles.needs_title(chat.id)
    titles.wake_for_title(str(chat.id))
    [waiting] = broker.iterdir()
    headers = json.loads(waiting.read_text())["headers"]
    assert (headers["task"], headers["argsrepr"]) == (titles.TITLE_TASK, f"['{chat.id}']")
    age(chat, title_status="done")
    assert not titles.needs_title(chat.id)


def test_unreachable_broker_is_no_failure(insider: User, broker: Path) -> None:
    chat = answered(insider)
    away = broker.with_name("away")
    broker.rename(away)
    try:
        titles.wake_for_title(str(chat.id))
    finally:
        away.rename(broker)
    assert not list(broker.iterdir())
    assert titles.claim_title(str(chat.id))


def test_title_is_skipped_without_budget(insider: User, simulator: Upstream) -> None:
    model = factories.language_model(
        "claude-haiku-4-5", connection=factories.provider(base_url=simulator.url)
    )
    chat = answered(insider, model, title="First words")
    Budget.objects.create(name="None", scope="person", person=insider, hard_limit_usd=0)
    title_conversation_task(str(chat.id))
    chat.refresh_from_db()
    assert (chat.title, chat.title_status) == ("First words", "done")
    assert simulator.invoice()["rows"] == []
    assert not ApiCall.objects.filter(purpose="title").exists()
