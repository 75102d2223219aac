"""Strict servers and small ones: a refusal that names what to change is followed by the changed request."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from chat.claude.failures.failure import from_response
from chat.models import ApiCall, Assistant, LanguageModel, PromptRevision, ProviderConnection, SystemPrompt
from chat.operations.request import prewarm
from chat.operations.request.token_counts import count_draft
from chat.providers.upstream import UpstreamError
from tests import factories
from tests.world.provider_stub import INPUTS, Asked, Reply, Stub, answer, error
from tests.world.provider_turns import ask, ended, model_at, rows

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "A long question about bridges. " * 400
REFUSALS = json.loads((INPUTS / "context_refusals.json").read_text())
VLLM = REFUSALS[0]["message"]
MARKED = [
    "messages.0.content.0.cache_control: Extra inputs are not permitted",
    "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    "Extra inputs are not permitted",
]


def has_marks(asked: Asked) -> bool:
    return "cache_control" in json.dumps(asked.body)


def without_marks(words: str, status: int = 400) -> Callable[[Asked], Reply]:
    return lambda asked: error(words, status) if has_marks(asked) else answer(asked)


def asked_with_marks(upstream: Stub) -> list[bool]:
    return [has_marks(asked) for asked in upstream.asked]


@pytest.mark.parametrize("words", MARKED)
@pytest.mark.parametrize("status", [400, 422])
def test_refused_marks_are_left_out_from_then_on(words: str, status: int) -> None:
    with Stub(without_marks(words, status)) as upstream:
        model = model_at(upstream, max_retries=0)
        turn = ask(model, LONG)
        assert ended(turn) == ("completed", "end_turn")
        assert asked_with_marks(upstream) == [True, False]
        again = ask(model, LONG, conversation_id=turn.conversation_id)
        assert ended(again) == ("completed", "end_turn")
        assert asked_with_marks(upstream) == [True, False, False]
    assert [found[1:] for found in rows()] == [("failed", "exact"), *[("succeeded", "exact")] * 2]
    connection = ProviderConnection.objects.get()
    assert not connection.takes_cache_control
    assert connection.cache_control_returns_at
    ProviderConnection.objects.update(cache_control_refused_at=timezone.now() - dt.timedelta(hours=25))
    assert ProviderConnection.objects.get().takes_cache_control


def test_other_unknown_fields_cost_no_caching() -> None:
    with Stub(lambda _asked: error("metadata: Extra inputs are not permitted")) as upstream:
        assert ended(ask(model_at(upstream), LONG)) == ("failed", "invalid_request")
        assert asked_with_marks(upstream) == [True, False], "it is tried once"
    assert ProviderConnection.objects.get().takes_cache_control


def test_request_without_marks_is_not_repeated() -> None:
    with Stub(lambda _asked: error(MARKED[0])) as upstream:
        assert ended(ask(model_at(upstream), "Short")) == ("failed", "invalid_request")
        assert len(upstream.asked) == 1


def test_marks_can_be_switched_off() -> None:
    with Stub(without_marks(MARKED[0])) as upstream:
        model = model_at(upstream, sends_cache_control=False)
        turn = ask(model, LONG)
        assert ended(turn) == ("completed", "end_turn")
        assert count_draft(user=turn.author, text=LONG, model_id=model.id).exact
        assert asked_with_marks(upstream) == [False, False]
    assert ProviderConnection.objects.get().cache_control_refused_at is None


def assistant_to_warm(model: LanguageModel) -> Assistant:
    prompt = SystemPrompt.objects.create(name="Guide")
    blocks = [{"text": LONG, "cache": "1h"}]
    PromptRevision.objects.create(prompt=prompt, number=1, blocks=blocks)
    return Assistant.objects.create(name="Guide", model=model, prompt=prompt, prewarm=True, cache_policy="1h")


def test_refused_warm_up_ends_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prewarm, "_expected_writes", lambda *_args: 100.0)
    with Stub(without_marks(MARKED[1])) as upstream:
        assistant_to_warm(model_at(upstream, kind="anthropic"))
        [job] = prewarm.due_warm_ups()
        with pytest.raises(UpstreamError):
            prewarm.warm(job)
        assert prewarm.due_warm_ups() == []
    assert not ProviderConnection.objects.get().takes_cache_control


def test_failed_warm_up_keeps_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prewarm, "_expected_writes", lambda *_args: 100.0)
    with Stub(lambda _asked: error("thinking: Extra inputs are not permitted")) as upstream:
        assistant_to_warm(model_at(upstream, kind="anthropic"))
        [job] = prewarm.due_warm_ups()
        with pytest.raises(UpstreamError):
            prewarm.warm(job)
    assert ProviderConnection.objects.get().takes_cache_control


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case["server"])
def test_context_refusals_are_understood(case: dict[str, Any]) -> None:
    body = {"error": {"type": "invalid_request_error", "message": case["message"], **case.get("error", {})}}
    found = from_response(400, body, {})
    assert (found.kind, found.retryable) == ("context_full", False)
    assert found.overflow
    told = found.overflow.limit_tokens, found.overflow.prompt_tokens, found.overflow.answer_tokens()
    assert told == (case["limit"], case["prompt"], case["room"])


def small_server(context: int, prompt: int = 17) -> Callable[[Asked], Reply]:
    """A server like vLLM, which refuses a request when prompt and answer don't fit together."""

    def reply(asked: Asked) -> Reply:
        wanted = asked.body["max_tokens"]
        if prompt + wanted <= context:
            return answer(asked)
        words = (
            f"This model's maximum context length is {context} tokens. However, you requested "
            f"{prompt + wanted} tokens ({prompt} in the messages, {wanted} in the completion)."
        )
        return error(words)

    return reply


def test_answer_is_shortened_to_a_small_context() -> None:
    with Stub(small_server(8192)) as upstream:
        model = model_at(upstream, max_retries=0)
        assert ended(ask(model, "q")) == ("completed", "end_turn")
        assert [asked.body["max_tokens"] for asked in upstream.asked] == [8192, 8159]
        assert ended(ask(model, "q")) == ("completed", "end_turn")
        assert upstream.asked[-1].body["max_tokens"] == 4096, "later answers are short enough at once"
    model = LanguageModel.objects.get()
    assert (model.max_input_tokens, model.max_output_tokens, model.default_max_tokens) == (8192, 4096, 4096)
    latest = model.history.latest()
    assert latest.history_change_reason == "The server refused a longer request"
    assert [status for _purpose, status, _certainty in rows()] == ["failed", "succeeded", "succeeded"]


def test_prompt_beyond_a_small_context_is_told() -> None:
    with Stub(small_server(8192, prompt=8000)) as upstream:
        turn = ask(model_at(upstream))
        assert ended(turn) == ("failed", "context_full")
        assert turn.filled_context
        assert len(upstream.asked) == 1
    assert LanguageModel.objects.get().max_input_tokens == 8192


def test_server_that_refuses_again_is_asked_twice() -> None:
    with Stub(lambda _asked: error(VLLM)) as upstream:
        assert ended(ask(model_at(upstream))) == ("failed", "context_full")
        assert len(upstream.asked) == 2


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-test",
        "The maximum tokens you requested exceeds the model limit of 4096. Try again with a lower value.",
        "max_tokens is too large: 8192. This model supports at most 4096 completion tokens",
    ],
)
def test_longest_answer_is_learned(words: str) -> None:
    with Stub(lambda asked: error(words) if asked.body["max_tokens"] > 4096 else answer(asked)) as upstream:
        assert ended(ask(model_at(upstream))) == ("completed", "end_turn")
        assert [asked.body["max_tokens"] for asked in upstream.asked] == [8192, 4096]
    model = LanguageModel.objects.get()
    assert (model.max_input_tokens, model.max_output_tokens) == (200_000, 4096)
    assert model.history.latest().history_change_reason == "The server refused a longer request"


def test_larger_limits_are_not_learned() -> None:
    with Stub(lambda _asked: error("prompt is too long: 1000001 tokens > 1000000 maximum")) as upstream:
        model = model_at(upstream)
        assert ended(ask(model)) == ("failed", "context_full")
    kept = LanguageModel.objects.get()
    assert (kept.max_input_tokens, kept.max_output_tokens) == (200_000, 8192)
    assert kept.history.count() == 1
    assert ApiCall.objects.get().cost_usd == 0


def test_summary_is_adapted_like_an_answer() -> None:
    with Stub(small_server(8192, prompt=200)) as upstream:
        model = model_at(upstream, max_retries=0, max_input_tokens=20_000, default_max_tokens=4000)
        chat = factories.conversation(factories.person())
        factories.turn(chat, text="What is it?", answer=LONG * 6, model=model)
        turn = ask(model, "How high?", conversation_id=chat.id)
        assert ended(turn) == ("completed", "end_turn")
        limits = [asked.body["max_tokens"] for asked in upstream.asked]
    assert limits == [5000, 4000]
    assert [purpose for purpose, _status, _certainty in rows()] == ["summary", "turn"]
