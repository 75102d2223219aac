"""Counting tokens through the provider, and the estimate where it can't."""

from typing import Any

import pytest

from chat.claude.request.mcp_connector import toolset, with_connector_beta
from chat.models import ApiCall, Assistant, Frame, FrameCount, LanguageModel, SystemPrompt, User
from chat.operations.errors import OperationError
from chat.operations.request import token_counts
from chat.operations.request.frame import freeze_frame
from chat.operations.staff.prompt_revisions import revise_prompt
from tests import factories
from tests.operations.upstreams import answering, connection, model_of
from tests.support.simulator import Loopback, Upstream

pytestmark = pytest.mark.django_db
MODEL = "claude-sonnet-5-5"


@pytest.fixture
def model(simulator: Upstream) -> LanguageModel:
    return model_of(connection(simulator.url), MODEL)


def test_tokens_are_counted_by_the_provider(insider: User, model: LanguageModel) -> None:
    count = token_counts.count_draft(user=insider, text="x" * 300, model_id=model.id)
    assert (count.tokens, count.exact, count.model) == (104, True, model)  # 300 / 3, and 4 for the message
    assert token_counts.count_draft(user=insider, text=" ", model_id=model.id).tokens == 5
    assert not ApiCall.objects.exists()


def test_count_includes_prompt_and_earlier_messages(insider: User, model: LanguageModel) -> None:
    prompt = SystemPrompt.objects.create(name="Long")
    revise_prompt(prompt=prompt, blocks=[{"text": "y" * 600}], author=insider)
    made = Assistant.objects.create(name="Long", model=model, prompt=prompt)
    chat = factories.conversation(insider, "a" * 90, "b" * 60)
    alone = token_counts.count_draft(user=insider, text="x" * 30, model_id=model.id).tokens
    led = token_counts.count_draft(user=insider, text="x" * 30, assistant_id=made.id).tokens
    assert led == alone + 204
    whole = token_counts.count_draft(
        user=insider, text="x" * 30, conversation_id=chat.id, model_id=model.id
    ).tokens
    assert whole == alone + 34 + 24


def test_counting_requires_access(insider: User, outsider: User, model: LanguageModel) -> None:
    chat = factories.conversation(insider, "a", "b")
    with pytest.raises(OperationError, match="not_found"):
        token_counts.count_draft(user=outsider, text="x", conversation_id=chat.id)


def test_tokens_are_estimated_without_a_counting_api(insider: User, model: LanguageModel) -> None:
    said = [{"role": "user", "content": [{"type": "text", "text": "x" * 300}]}]
    with Loopback(answering({"type": "error", "error": {"type": "not_found_error"}}, 404)) as deaf:
        lacking = model_of(connection(deaf.url, key="sk-deaf"), MODEL)
        assert token_counts.count_request(lacking, {"messages": said}) == token_counts.TokenCount(
            100, False, lacking
        )
    off = factories.language_model(connection=factories.provider(enabled=False))
    request = {"messages": said, "system": [{"type": "text", "text": "y"}], "max_tokens": 5}
    count = token_counts.count_request(off, request)
    assert not count.exact
    assert 105 < count.tokens < 125


def test_a_frame_is_counted_once(insider: User, model: LanguageModel, simulator: Upstream) -> None:
    frame = Frame.objects.create(
        digest="f", body={"model": MODEL, "system": [{"type": "text", "text": "y" * 600}]}
    )
    count = token_counts.count_frame(frame, model)
    assert (count.tokens, count.exact) == (204, True)
    model.connection.base_url = "http://127.0.0.1:9"  # the provider is not asked again
    assert token_counts.count_frame(frame, model) == count
    # An estimate is not kept for good.
    FrameCount.objects.update(exact=False, tokens=1)
    estimated = token_counts.count_frame(frame, model)
    assert (estimated.pk, estimated.exact) == (count.pk, False)
    assert token_counts.count_frame(freeze_frame(model=model, assistant=None), model).tokens >= 0


def test_count_reports_that_toolsets_are_missing(model: LanguageModel) -> None:
    said = [{"role": "user", "content": [{"type": "text", "text": "x" * 300}]}]
    tools = [toolset("shop", ["add"])]
    assert token_counts.count_request(model, {"messages": said, "tools": tools}) == token_counts.TokenCount(
        104, False, model
    )
    call = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "add", "server_name": "shop", "input": {}}
    answer = {"role": "assistant", "content": [call, {"type": "text", "text": "2"}]}
    asked = with_connector_beta({"messages": [*said, answer, *said]})
    assert token_counts.count_request(model, asked).exact, (
        "blocks of earlier answers are counted under their beta"
    )


def test_cache_marks_of_a_prompt_reach_the_minimum(insider: User, model: LanguageModel) -> None:
    prompt = SystemPrompt.objects.create(name="Marked")
    blocks = [
        {"text": "a" * 300, "cache": "1h"},
        {"text": "b" * 1500, "cache": "5m"},
        {"text": "c" * 3000, "cache": "none"},
    ]
    revision = revise_prompt(prompt=prompt, blocks=blocks, author=insider)
    assert revision
    before = token_counts.reach_of(revision, model)
    assert [(reach.tokens, reach.verdict) for reach in before] == [(None, "")] * 3
    token_counts.count_revision(revision, [model])
    after: list[Any] = [
        (reach.cache, reach.tokens, reach.exact, reach.verdict)
        for reach in token_counts.reach_of(revision, model)
    ]
    assert after == [
        ("1h", 104, True, "below"),
        ("5m", 604, True, "reached"),
        ("none", 1604, True, ""),
    ]
