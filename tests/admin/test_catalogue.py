"""Prompts, assistants, models, prices and the index page of the admin."""

from pathlib import Path
from typing import Any

import pytest
import unfold
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.admin.theme_strings import THEME_WORDS
from chat.models import Assistant, LanguageModel, PromptRevision, ProviderConnection, SystemPrompt
from tests.admin.world import World
from tests.support import media

NO_ROWS = {"revisions-TOTAL_FORMS": "0", "revisions-INITIAL_FORMS": "0"}
NO_PRICES = {"prices-TOTAL_FORMS": "0", "prices-INITIAL_FORMS": "0"}


def wording(*blocks: tuple[str, str]) -> dict[str, str]:
    fields = {}
    for row, (text, cache) in enumerate(blocks):
        fields |= {f"blocks_{row}_text": text, f"blocks_{row}_cache": cache}
    return fields


def save_prompt(client: Client, world: World, fields: dict[str, str], **changes: str) -> Any:
    form = {"name": "Voice", "description": "", "note": "", **NO_ROWS, **fields, **changes}
    return client.post(world.url("chat_systemprompt", "change"), form)


def test_changed_prompt_creates_a_revision(world: World, root: Client) -> None:
    save_prompt(
        root, world, wording(("Be kind.\r\nAlways.", "1h"), ("  ", "none"), ("Hours: 9-5", "5m")), note="why"
    )
    first, second = PromptRevision.objects.order_by("number")
    assert first.blocks == [{"text": "Be brief.", "cache": "1h"}]
    assert second.blocks == [
        {"text": "Be kind.\nAlways.", "cache": "1h"},
        {"text": "Hours: 9-5", "cache": "5m"},
    ]
    assert (second.number, second.note, second.author) == (2, "why", world.root)


def test_unchanged_prompt_creates_no_revision(world: World, root: Client) -> None:
    assert save_prompt(root, world, wording(("Be brief.", "1h")), description="new").status_code == 302
    assert SystemPrompt.objects.get().description == "new"
    assert PromptRevision.objects.count() == 1


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([("", "none")], "at least one block"),
        ([("a", "5m"), ("b", "1h")], "can’t come after"),
        ([("a", "1h"), ("b", "1h"), ("c", "5m"), ("d", "5m")], "at most 3 cache points"),
        ([("a", "2h")], "cache point must be"),
    ],
)
def test_invalid_prompt_blocks_are_explained(
    world: World, root: Client, blocks: list[tuple[str, str]], words: str
) -> None:
    response = save_prompt(root, world, wording(*blocks))
    assert words in str(response.context["adminform"].form.errors["blocks"]).replace("&#x27;", "'")
    assert PromptRevision.objects.count() == 1


def test_a_new_prompt_begins_with_revision_one(world: World, root: Client) -> None:
    assert "blocks_0_text" in root.get(reverse("admin:chat_systemprompt_add")).content.decode()
    form = {"name": "Second", "description": "", "note": "", **NO_ROWS, **wording(("Hello.", "none"))}
    assert root.post(reverse("admin:chat_systemprompt_add"), form).status_code == 302
    assert SystemPrompt.objects.get(name="Second").current().number == 1  # type: ignore[union-attr]


def test_unused_prompt_is_deleted_with_its_revisions(world: World, root: Client) -> None:
    Assistant.objects.all().delete()
    assert root.post(world.url("chat_systemprompt", "delete"), {"post": "yes"}).status_code == 302
    assert not PromptRevision.objects.exists()


NO_TOOLS = {"tool_links-TOTAL_FORMS": "0", "tool_links-INITIAL_FORMS": "0"}


def save_assistant(client: Client, world: World, **changes: Any) -> Any:
    form = {"name": "Guide", "description": "", "enabled": "on", "order": "5", "effort": "", "max_tokens": ""}
    form |= {} if "audience_groups" in changes else {"for_everyone": "on"}
    ids = {
        "model": str(world.rows["chat_languagemodel"].pk),
        "prompt": str(world.rows["chat_systemprompt"].pk),
        "cache_policy": "auto",
    }
    return client.post(
        world.url("chat_assistant", "change"), {**form, **ids, "starters": "", **NO_TOOLS, **changes}
    )


def test_assistant_may_differ_from_the_workspace(world: World, root: Client) -> None:
    assert "As set for the workspace" in root.get(world.url("chat_assistant", "change")).content.decode()
    for chosen, kept in (("False", False), ("True", True), ("", None)):
        assert save_assistant(root, world, auto_continue=chosen).status_code == 302
        assert Assistant.objects.get().auto_continue is kept


def test_starters_are_one_per_line(world: World, root: Client) -> None:
    assert "Hello?" in root.get(world.url("chat_assistant", "change")).content.decode()
    group = str(world.rows["auth_group"].pk)
    assert (
        save_assistant(root, world, starters="One?\r\n\r\n Two? ", audience_groups=[group]).status_code == 302
    )
    assert Assistant.objects.get().starters == ["One?", "Two?"]
    assert "1 group" in root.get(world.url("chat_assistant")).content.decode()
    errors = save_assistant(root, world, starters="x\n" * 9).context["adminform"].form.errors
    assert "At most 8 lines" in str(errors["starters"])


def test_a_picture_is_stored_replaced_and_removed(world: World, root: Client) -> None:
    def picture_of(side: int) -> SimpleUploadedFile:
        return SimpleUploadedFile("guide.png", media.picture("PNG", (side, side)), "image/png")

    page = root.get(world.url("chat_assistant", "change")).content.decode()
    assert 'enctype="multipart/form-data"' in page
    digests = set()
    for given in (picture_of(30), "", picture_of(60)):
        assert save_assistant(root, world, picture_file=given, greeting="Hi").status_code == 302
        digests.add(Assistant.objects.get().picture_id)
    assert len(digests) == 2
    row = Assistant.objects.get()
    assert f"/assistants/{row.pk}/picture" in root.get(world.url("chat_assistant", "change")).content.decode()
    refused = save_assistant(root, world, picture_file=SimpleUploadedFile("x.png", b"x"))
    assert "Choose a PNG, JPEG, WebP or GIF file" in str(refused.context["adminform"].form.errors)
    assert save_assistant(root, world, **{"picture_file-clear": "on"}).status_code == 302
    assert Assistant.objects.get().picture is None


def test_missing_schema_is_an_empty_field(world: World, root: Client) -> None:
    page = root.get(world.url("chat_assistant", "change"))
    assert page.context["adminform"].form["output_schema"].value() == ""
    Assistant.objects.update(output_schema={"type": "object"})
    page = root.get(world.url("chat_assistant", "change"))
    assert page.context["adminform"].form["output_schema"].value() == '{\n  "type": "object"\n}'


def test_unsupported_thinking_and_effort_are_refused(world: World, root: Client) -> None:
    always = {"thinking": {"types": {"adaptive": True}}, "effort": {"low": True, "xhigh": True}}
    LanguageModel.objects.update(capabilities=always)
    assert save_assistant(root, world, thinking="omitted", effort="xhigh").status_code == 302
    assert (Assistant.objects.get().thinking, Assistant.objects.get().effort) == ("omitted", "xhigh")
    assert save_assistant(root, world).status_code == 302
    assert Assistant.objects.get().thinking == "summarized"

    errors = save_assistant(root, world, thinking="off").context["adminform"].form.errors
    assert "Claude Test accepts only: summary shown, hidden." in str(errors["thinking"])
    errors = save_assistant(root, world, effort="max").context["adminform"].form.errors
    assert "accepts only: low, extra high." in str(errors["effort"])
    assert save_assistant(root, world, model="", thinking="off", effort="max").status_code == 302


def test_thinking_off_limits_effort(world: World, root: Client) -> None:
    calm = {"types": {"adaptive": True, "disabled": True}, "effort_limits": {"disabled": "high"}}
    LanguageModel.objects.update(capabilities={"thinking": calm, "effort": {"high": True, "xhigh": True}})
    errors = save_assistant(root, world, thinking="off", effort="xhigh").context["adminform"].form.errors
    assert "With this thinking setting, Claude Test accepts only: high." in str(errors["effort"])
    LanguageModel.objects.update(capabilities={})
    errors = save_assistant(root, world, thinking="off", effort="low").context["adminform"].form.errors
    assert "does not support effort" in str(errors["effort"])
    errors = save_assistant(root, world, thinking="summarized").context["adminform"].form.errors
    assert "accepts only: off" in str(errors["thinking"])
    errors = save_assistant(root, world, model="no-model").context["adminform"].form.errors
    assert list(errors) == ["model"]


def save_model(client: Client, world: World, **changes: str) -> Any:
    row = world.rows["chat_languagemodel"]
    form = {
        "display_name": "Renamed",
        "connection": str(row.connection_id),
        "model_id": row.model_id,
        "enabled": "on",
        "order": "1",
        "max_input_tokens": "200000",
        "max_output_tokens": "8192",
        "default_max_tokens": "8192",
        "min_cacheable_tokens": "512",
        "line": "",
        "lifecycle": "active",
        "retires_at_0": "",
        "retires_at_1": "",
        "capabilities": '{"effort": {"low": true}}',
        **NO_PRICES,
    }
    return client.post(world.url("chat_languagemodel", "change"), {**form, **changes})


def test_a_model_is_edited_and_its_capabilities_are_an_object(world: World, root: Client) -> None:
    assert save_model(root, world).status_code == 302
    model = LanguageModel.objects.get()
    assert (model.display_name, model.capabilities) == ("Renamed", {"effort": {"low": True}})
    assert "JSON object" in str(save_model(root, world, capabilities="[1]").context["adminform"].form.errors)
    assert "JSON" in str(save_model(root, world, capabilities="{nonsense").context["adminform"].form.errors)
    for wrong in ("9000", "0"):
        errors = save_model(root, world, default_max_tokens=wrong).context["adminform"].form.errors
        assert "between 1 and the longest answer" in str(errors["default_max_tokens"])
        assert list(errors) == ["default_max_tokens"]


def test_index_shows_figures_and_problems(world: World, root: Client) -> None:
    page = root.get(reverse("admin:index"))
    assert {figure["label"]: figure["value"] for figure in page.context["figures"]} == {
        "Turns today": 1,
        "Running now": 0,
        "Cost today": "$0.00",
    }
    assert [trouble["text"] for trouble in page.context["troubles"]] == ["1 failed calls in the last hour."]
    ProviderConnection.objects.update(credential=None)
    assert (
        root.get(reverse("admin:index")).context["troubles"][0]["text"]
        == "This connection has no credential."
    )
    ProviderConnection.objects.update(enabled=False)
    assert "All connections work." in root.get(reverse("admin:index")).content.decode()


def test_index_shows_only_permitted_figures(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_turn"))
    context = staff.get(reverse("admin:index")).context
    assert [figure["label"] for figure in context["figures"]] == ["Turns today", "Running now"]
    assert context["troubles"] == []
    titles = [item["title"] for group in context["sidebar_navigation"] for item in group["items"]]
    assert titles == ["Turns"]


def test_lists_take_a_constant_number_of_queries(
    world: World, root: Client, django_assert_max_num_queries: Any
) -> None:
    source = world.rows["chat_languagemodel"]
    for number in range(30):
        LanguageModel.objects.create(
            connection=source.connection, model_id=f"m{number}", display_name=f"M{number}"
        )
    with django_assert_max_num_queries(14):
        assert root.get(world.url("chat_languagemodel")).status_code == 200


def test_theme_strings_exist_in_the_theme() -> None:
    folder = Path(unfold.__file__).parent
    said = "".join(path.read_text() for kind in ("*.html", "*.py", "*.js") for path in folder.rglob(kind))
    assert [word for word in THEME_WORDS if word not in said] == []


def test_empty_choices_have_names(world: World, root: Client) -> None:
    form = root.get(world.url("chat_assistant", "change")).content.decode()
    for label in ("Person chooses", "No prompt", "Model default"):
        assert f'<option value="">{label}</option>' in " ".join(form.split()).replace(" selected", "")
    assert "Same as browser" in root.get(world.url("chat_user", "change")).content.decode()
