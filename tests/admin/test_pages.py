"""What every list of the admin shares: folded diagnostics, empty lists, pages, yes and no, and links to the history."""

import html
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst

from chat.admin.base import BigTableAdmin
from chat.admin.navigation import SECTIONS
from chat.models import Conversation, ToolCall, User, Workspace
from tests import factories
from tests.admin.test_access import HISTORY
from tests.admin.world import World


def test_the_menu_has_every_table_once(world: World, root: Client) -> None:
    named = [name if "." in name else f"chat.{name}" for _title, rows in SECTIONS for name, _icon in rows]
    assert sorted(named) == sorted(model._meta.label_lower for model in admin.site._registry)
    groups = root.get(reverse("admin:index")).context["sidebar_navigation"]
    assert [group["collapsible"] for group in groups] == [False] * 5 + [True]
    assert sum(len(group["items"]) for group in groups[:-1]) < 19


@pytest.mark.parametrize(("name", "unfolded"), [("chat_turn", "true"), ("chat_assistant", "false")])
def test_diagnostics_are_folded_elsewhere(world: World, root: Client, name: str, unfolded: str) -> None:
    page = root.get(world.url(name)).content.decode()
    assert f"navigationOpen: {unfolded}" in page
    assert f'aria-expanded="{unfolded}"' in page


def test_staff_without_rights_are_told_what_to_do(world: World, staff: Client) -> None:
    assert "Ask an administrator for a role" in staff.get(reverse("admin:index")).content.decode()


# The list of people shows its reader, and the workspace has no list.
EMPTY = [model for model in admin.site._registry if model not in (User, Workspace)]


def test_staff_with_few_rights_find_their_pages_first(world: World, staff: Client) -> None:
    world.staff.user_permissions.add(Permission.objects.get(codename="view_assistant"))
    page = staff.get(reverse("admin:index")).content.decode()
    assert f'<a href="{reverse("admin:chat_assistant_changelist")}" class="block' in page


@pytest.mark.parametrize("model", EMPTY, ids=lambda model: model._meta.label_lower)
def test_empty_lists_say_what_their_rows_are(db: None, admin_client: Client, model: Any) -> None:
    page = admin_client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    text = str(admin.site._registry[model].empty_text) or "There is nothing here yet."  # type: ignore[attr-defined]
    assert text in html.unescape(page.content.decode())
    assert "Show everything" not in page.content.decode()


def test_a_search_without_results_leads_back(world: World, root: Client) -> None:
    for query in ("?q=not-here", "?enabled__exact=0"):
        page = root.get(world.url("chat_assistant") + query).content.decode()
        assert "Nothing matches this search and these filters." in page
        assert "Show everything" in page


def test_pages_of_long_lists_know_their_end(world: World, root: Client) -> None:
    factories.conversation(world.person)
    Conversation.objects.bulk_create(Conversation(owner=world.person) for _number in range(98))
    first = root.get(world.url("chat_conversation")).content.decode()
    assert "1–50" in first
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    last = root.get(world.url("chat_conversation") + "?p=2").content.decode()
    assert "51–100" in last
    assert 'rel="next"' not in last, "the second page is full, and nothing follows"
    assert 'rel="prev"' in last


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_growing_tables_are_not_counted(world: World, model: Any) -> None:
    options = admin.site._registry[model]
    assert not isinstance(options, BigTableAdmin) or options.show_full_result_count is False


def test_a_plain_no_is_not_red(world: World, root: Client) -> None:
    page = root.get(world.url("chat_conversation", "change")).content.decode()
    assert "close_small" not in page
    assert '<span class="text-subtle">no</span>' in page
    ToolCall.objects.update(is_error=False)
    assert "no error" in root.get(world.url("chat_toolcall", "change")).content.decode()
    ToolCall.objects.update(is_error=True)
    assert (
        '<span class="text-red-600 dark:text-red-500">failed</span>'
        in root.get(world.url("chat_toolcall", "change")).content.decode()
    )


@pytest.mark.parametrize("name", HISTORY)
def test_an_earlier_version_links_its_history(world: World, root: Client, name: str) -> None:
    row = world.rows[name]
    row.save()
    version = reverse(f"admin:{name}_simple_history", args=[row.pk, row.history.latest().pk])
    page = root.get(version).content.decode()
    assert f'href="{world.url(name, "history")}"' in page
    assert "actionDropdownOpen" not in page


def test_running_turns_are_all_in_the_linked_list(world: World, root: Client) -> None:
    for status in ("queued", "running", "waiting", "completed"):
        factories.turn(factories.conversation(world.person), status=status, answer=None)
    figures = {one["label"]: one for one in root.get(reverse("admin:index")).context["figures"]}
    running = figures["Running now"]
    found = root.get(running["link"]).context["cl"].result_list
    assert len(found) == running["value"] == 3


@pytest.mark.parametrize(("language", "words"), [("en", "Second factors"), ("ko", "2단계 인증 수단")])
@pytest.mark.parametrize("view", ["changelist", "change", "delete", "history"])
def test_second_factors_are_called_so(
    world: World, root: Client, language: str, words: str, view: str
) -> None:
    root.cookies["django_language"] = language
    page = root.get(world.url("mfa_authenticator", view)).content.decode()
    assert words in page[page.index("<h1") : page.index("</h1>")]
    assert f">{words}</span>" in page, "in the menu"
    assert "uthenticators" not in page
    if view == "change":
        assert ("Last used" if language == "en" else "마지막 사용") in page
        assert "+00:00" not in page, "times are the reader's"


@pytest.mark.parametrize("model", EMPTY, ids=lambda model: model._meta.label_lower)
def test_a_list_is_titled_with_its_tables_name(db: None, admin_client: Client, model: Any) -> None:
    page = admin_client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    title = html.unescape(page.content.decode().partition("<title>")[2].partition("</title>")[0]).strip()
    assert title == f"{capfirst(str(model._meta.verbose_name_plural))} | Parley"


def test_the_chat_is_opened_by_its_name(world: World, root: Client) -> None:
    page = root.get(reverse("admin:index")).content.decode()
    assert "View site" not in page
    assert page.count("Open chat") == 3, (
        "in the header, there as a picture on phones, and in the account menu"
    )


def test_an_address_keeps_its_letters(world: World, root: Client) -> None:
    page = root.get(world.url("chat_user", "change")).content.decode()
    head = page[page.index("<h1") : page.index("</h1>")]
    assert "person@example.test" in head
    assert "Person@example.test" not in head


def test_only_harmless_actions_need_no_dialog(world: World, root: Client) -> None:
    """A link alone changes nothing, whether it opens a dialog or is sent by a script."""
    for options in admin.site._registry.values():
        for action in (*options._get_base_actions_detail(), *options._get_base_actions_row()):
            at_once = "data-post" in (action.attrs or {})
            assert (action.dialog is None) == (at_once or action.action_name.endswith(("_tools", "try_it")))


def test_counting_by_a_link_does_nothing(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename__in=["change_systemprompt"]))
    address = world.url("chat_systemprompt", "change").replace("/change/", "/count/")
    assert staff.get(address).status_code == 302
    assert "not counted" in staff.get(world.url("chat_systemprompt", "change")).content.decode()
