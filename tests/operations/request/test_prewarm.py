"""Pre-warming of assistants: real warm-ups against the simulator, and cases where it does not pay."""

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.utils import timezone

from chat.models import (
    ApiCall,
    Assistant,
    Budget,
    Frame,
    LanguageModel,
    McpServer,
    SystemPrompt,
    User,
)
from chat.operations.billing.budgets import BudgetExceeded, standings_of
from chat.operations.request import prewarm
from chat.operations.request.frame import freeze_frame
from chat.operations.staff.prompt_revisions import revise_prompt
from chat.providers.clients import ConnectionUnusable
from chat.tasks import prewarm_task
from tests import factories
from tests.operations.request.test_tool_selection import connected, give_connected
from tests.operations.upstreams import connection, model_of
from tests.support.recorder import Recorder
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db
MODEL = "claude-opus-4-8"
COLD = {"cache_write_5m_tokens": 2000, "cache_read_tokens": 0}
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_habits() -> None:
    cache.clear()
    caches["process"].clear()


@pytest.fixture
def model(simulator: Upstream) -> LanguageModel:
    return model_of(connection(simulator.url), MODEL)


def assistant(owner: User, model: LanguageModel | None, *, cached: str = "5m", **fields: Any) -> Assistant:
    prompt = SystemPrompt.objects.create(name=f"Prompt {SystemPrompt.objects.count()}")
    revise_prompt(prompt=prompt, blocks=[{"text": "s" * 6000, "cache": cached}], author=owner)
    name = f"Assistant {Assistant.objects.count()}"
    return Assistant.objects.create(name=name, model=model, prompt=prompt, **{"prewarm": True, **fields})


def frame_of(guide: Assistant) -> Frame:
    assert guide.model
    return freeze_frame(model=guide.model, assistant=guide)


def asked(owner: User, guide: Assistant, ago: dt.timedelta, **fields: Any) -> None:
    """A person's call, so long ago; nothing of its prompt was in the cache."""
    turn = factories.turn(factories.conversation(owner, assistant=guide), text="x", answer="y")
    values = {"frame_digest": frame_of(guide).digest, "started_at": timezone.now() - ago, **COLD, **fields}
    factories.call(turn, **values)


def rush(owner: User, guide: Assistant, people: int, **fields: Any) -> None:
    """Yesterday, a minute later in the day than now, people began at once."""
    for second in range(people):
        asked(owner, guide, DAY - dt.timedelta(seconds=60 + second), **fields)


def test_many_expected_calls_are_warmed(insider: User, model: LanguageModel, simulator: Upstream) -> None:
    guide = assistant(insider, model)
    rush(insider, guide, 3)
    [job] = prewarm.due_warm_ups()
    assert prewarm.warm(job)
    row = ApiCall.objects.get(purpose="prewarm")
    assert (row.status, row.certainty, row.frame_digest) == ("succeeded", "exact", frame_of(guide).digest)
    assert (row.cache_write_5m_tokens, row.output_tokens) == (2004, 0)
    assert not prewarm.warm(job), "another worker has just done it"
    assert prewarm.due_warm_ups() == [], "it is warm now"
    assert simulator.invoice()["totals"]["requests"] == 1


def test_warm_up_counts_in_the_assistants_budget(
    insider: User, model: LanguageModel, simulator: Upstream
) -> None:
    guide = assistant(insider, model)
    budget = {"name": "Guide", "scope": "assistant", "assistant": guide, "period": "month"}
    own = Budget.objects.create(**budget, hard_limit_usd="0.001")
    rush(insider, guide, 3)
    [job] = prewarm.due_warm_ups()
    with pytest.raises(BudgetExceeded):
        prewarm.warm(job)
    cache.clear()
    prewarm_task()  # other assistants still get theirs
    assert simulator.invoice()["totals"]["requests"] == 0
    cache.clear()
    Budget.objects.filter(pk=own.pk).update(hard_limit_usd=1_000_000)
    own.refresh_from_db()
    before = standings_of([own])[own.pk]
    assert prewarm.warm(job)
    after, cost = standings_of([own])[own.pk], ApiCall.objects.get(purpose="prewarm").cost_usd
    assert before
    assert after
    assert after.spent_usd - before.spent_usd == cost > 0


def test_an_entry_about_to_expire_is_kept_for_one_person(insider: User, model: LanguageModel) -> None:
    guide = assistant(insider, model)
    asked(insider, guide, dt.timedelta(seconds=250))
    rush(insider, guide, 1)
    [job] = prewarm.due_warm_ups()
    assert (job.assistant, job.model, job.request["max_tokens"]) == (guide, model, 0)
    ApiCall.objects.filter(started_at__gt=timezone.now() - DAY / 2).delete()
    assert prewarm.due_warm_ups() == [], "one write now for one write later is no gain"


def test_calls_that_read_a_warm_entry_count_too(insider: User, model: LanguageModel) -> None:
    guide = assistant(insider, model)
    rush(insider, guide, 3, cache_read_tokens=2000, cache_write_5m_tokens=0)
    assert prewarm.due_warm_ups() == []
    asked(insider, guide, DAY + dt.timedelta(seconds=60), purpose="prewarm")
    assert len(prewarm.due_warm_ups()) == 1


def test_no_expected_calls_means_no_warm_up(insider: User, model: LanguageModel) -> None:
    guide = assistant(insider, model, cached="1h")
    assert prewarm.due_warm_ups() == []
    for _ in range(3):
        asked(insider, guide, DAY + dt.timedelta(hours=5))
    assert prewarm.due_warm_ups() == [], "at another time of day"


@pytest.mark.parametrize(
    "fields", [{"prewarm": False}, {"enabled": False}, {"cache_policy": "none"}, {"cached": "none"}]
)
def test_only_marked_and_cacheable_prompts_are_warmed(
    insider: User, model: LanguageModel, fields: dict[str, Any]
) -> None:
    guide = assistant(insider, model, **fields)
    if "cached" in fields:
        model.min_cacheable_tokens = 4096
        model.save()
    rush(insider, guide, 3)
    assert prewarm.due_warm_ups() == []


def test_models_that_cannot_be_warmed(insider: User, model: LanguageModel) -> None:
    assistant(insider, None)
    assistant(insider, factories.language_model())
    guide = assistant(insider, model)
    rush(insider, guide, 3)
    assert len(prewarm.due_warm_ups()) == 1
    for part in ({"thinking": {"type": "enabled"}}, {"output_config": {"format": {}}}):
        frame = frame_of(guide)
        Frame.objects.filter(digest=frame.digest).update(body={**frame.body, **part})
        assert prewarm.due_warm_ups() == []


def test_job_continues_after_a_failure(insider: User, model: LanguageModel) -> None:
    broken = assistant(insider, model, order=1)
    rush(insider, broken, 3)
    fine = model_of(connection(model.connection.base_url, key="sk-another-key"), MODEL)
    guide = assistant(insider, fine, order=2)
    rush(insider, guide, 3)
    model.connection.base_url = "http://127.0.0.1:9"
    model.connection.save()
    prewarm_task()
    assert ApiCall.objects.get(purpose="prewarm").model == fine
    prewarm_task()
    assert ApiCall.objects.filter(purpose="prewarm").count() == 1


def test_connection_without_credential_is_skipped(insider: User, model: LanguageModel) -> None:
    guide = assistant(insider, model)
    rush(insider, guide, 3)
    [job] = prewarm.due_warm_ups()
    job.model.connection.credential = ""
    with pytest.raises(ConnectionUnusable):
        prewarm.warm(job)
    assert not ApiCall.objects.filter(purpose="prewarm").exists()


@pytest.mark.django_db(transaction=True)
def test_warm_up_includes_servers_without_sign_in(insider: User) -> None:
    recorder = Recorder()
    with Upstream(recorder) as upstream:
        model = model_of(connection(upstream.url), MODEL)
        guide = assistant(insider, model)
        give_connected(guide, connected("shop"), "add")
        give_connected(guide, connected("home", auth="oauth"), "add")
        rush(insider, guide, 3)
        [job] = prewarm.due_warm_ups()
        assert "mcp_servers" not in str(job.request)
        assert prewarm.warm(job), "the upstream took it"
        assert [server["name"] for server in recorder.last()["body"]["mcp_servers"]] == ["shop"]
        cache.clear()
        McpServer.objects.update(enabled=False)
        assert not prewarm.warm(job), "a frame without these tools is not warmed"
        assert len(recorder.sent) == 1
