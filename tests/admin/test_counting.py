"""Token counts of prompts, and output schemas of assistants in the admin."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chat.admin.prompts.token_counts import counted_models
from chat.models import ApiCall, Assistant, FrameCount, LanguageModel, PromptRevision, ProviderConnection
from tests.admin.test_catalogue import save_assistant
from tests.admin.world import World
from tests.support.simulator import Upstream

POINT = {"type": "object", "properties": {"x": {"type": "integer"}}}


def count_url(world: World) -> str:
    return world.url("chat_systemprompt", "change").replace("change", "count")


def page(client: Client, world: World, name: str) -> str:
    return client.get(world.url(name, "change")).content.decode()


def test_a_prompts_tokens_are_counted_on_request(world: World, root: Client, simulator: Upstream) -> None:
    ProviderConnection.objects.update(base_url=simulator.url)
    LanguageModel.objects.update(model_id="claude-sonnet-5-5", min_cacheable_tokens=512)
    assert "not counted" in page(root, world, "chat_systemprompt")
    root.post(count_url(world), {"_form_submitted": "True"})
    assert FrameCount.objects.get().exact
    for name in ("chat_systemprompt", "chat_promptrevision"):
        shown = page(root, world, name)
        assert "too short to be cached" in shown
        assert "(at least 512)" in shown
    LanguageModel.objects.update(min_cacheable_tokens=1)
    assert "long enough to be cached" in page(root, world, "chat_systemprompt")
    assert not ApiCall.objects.filter(purpose="count").exists()


def test_estimates_are_marked(world: World, root: Client) -> None:
    root.post(count_url(world), {"_form_submitted": "True"})  # nothing listens at the connection's address
    assert not FrameCount.objects.get().exact
    assert "≈" in page(root, world, "chat_promptrevision")


def test_only_models_of_its_assistants_count_a_prompt(world: World, root: Client) -> None:
    first = LanguageModel.objects.get()
    others = [
        LanguageModel.objects.create(connection=first.connection, model_id=name, display_name=name, order=200)
        for name in ("second", "third")
    ]
    revision = PromptRevision.objects.get()
    assert counted_models(revision) == [first]
    Assistant.objects.create(name="Other", model=others[1], prompt=revision.prompt)
    assert counted_models(revision) == [first, others[1]]
    Assistant.objects.update(model=None)
    assert counted_models(revision) == [first], "people choose, so the first model stands for all"
    Assistant.objects.filter(name="Other").update(model=others[1])
    assert counted_models(revision) == [others[1], first]
    Assistant.objects.update(prompt=None)
    assert counted_models(revision) == [first], "no assistant has it yet"
    LanguageModel.objects.update(enabled=False)
    assert counted_models(revision) == []


def test_counting_requires_the_change_permission(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_systemprompt"))
    assert staff.post(count_url(world), {"_form_submitted": "True"}).status_code == 403
    assert not FrameCount.objects.exists()


@pytest.mark.parametrize(
    ("schema", "capabilities", "words"),
    [
        (POINT, {"structured_outputs": {"supported": True}}, ""),
        (POINT, {}, "does not support JSON Schemas"),
        ({"$ref": "#"}, {"structured_outputs": {"supported": True}}, "recursive"),
    ],
)
def test_an_assistants_schema_is_checked(
    world: World, root: Client, schema: Any, capabilities: Any, words: str
) -> None:
    LanguageModel.objects.update(capabilities=capabilities)
    model = str(LanguageModel.objects.get().pk)
    response = save_assistant(root, world, output_schema=json.dumps(schema), model=model)
    assert Assistant.objects.get().output_schema == (None if words else POINT)
    assert words in (response.content.decode() if words else "")
