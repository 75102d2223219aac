"""Who may open which page: every route, for the owner, a colleague, an outsider, and somebody without a session."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Turn
from chat.web.urls import urlpatterns
from tests.web.projects.test_project_pages import ADDRESSES

TOOL = "00000000-0000-7000-8000-000000000001"
OWN = ["new_conversation", "sidebar", "palette", "budget", "imports", "search"]
FILES = [  # in test_pages_attachments.py
    "attachment", "attachment_file", "attachment_shown", "attachment_thumbnail", "cited",
]  # fmt: skip
READ = [
    "conversation", "thread", "earlier", "later", "code", "versions", "rename_conversation", "allowed_tools",
    "share_dialog", "export_dialog", "export_file", "print_page", "move_conversation",
]  # fmt: skip
WRITE = [
    "branch", "fork", "rename_conversation", "pin_conversation", "archive_conversation", "allowed_tools",
    "delete_conversation", "leave_conversation", "stay_in_conversation", "share_dialog",
    "move_conversation",
]  # fmt: skip
PAGES = {"branch", "allowed_tools", "share_dialog"}  # a change that answers with what the page shows now


def address(name: str, chat: Conversation) -> str:
    if name == "versions":
        query = f"?message={chat.messages.get(depth=0).id}"
    else:
        places = {"earlier": "before", "later": "after"}
        query = f"?{places[name]}={chat.active_leaf_id}" if name in places else ""
    return reverse(name, args=[] if name in OWN else [chat.id]) + query


def form(name: str, chat: Conversation) -> dict[str, Any]:
    return {
        "branch": {"message": str(chat.active_leaf_id)},
        "fork": {"message": str(chat.active_leaf_id)},
        "rename_conversation": {"title": "Taken over"},
        "pin_conversation": {"on": "1"},
        "archive_conversation": {"on": "1"},
        "allowed_tools": {"tool": TOOL},
    }.get(name, {})


def state(chat: Conversation) -> Any:
    return (
        Conversation.objects.filter(pk=chat.pk)
        .values(
            "title",
            "pinned",
            "archived",
            "active_leaf",
            "allowed_tools",
            "deleted_at",
            "expires_at",
            "shares",
            "project",
        )
        .first()
    )


def test_every_route_is_in_these_tests() -> None:
    in_test_tool_sign_in = {"tool_callback", "connect_tool", "disconnect_tool"}
    in_test_welcome = {"welcome", "assistant_picture"}
    in_test_many_conversations = {"change_conversations", "restore_conversation"}
    in_test_offline = {"offline", "worker"}
    in_test_feedback = {"feedback"}
    in_test_receipt = {"receipt"}
    in_test_account_data = {"account_data", "account_export", "delete_account"}
    in_settings = {
        "settings",
        "profile",
        "memory",
        "usage",
        "sessions",
        "api_keys",
        "revoke_own_key",
        "mcp_sign_ins",
    }
    in_test_sharing = {"change_share", "shared", "shared_attachment", "copy_shared"}
    in_test_imports = {"import_progress"}
    in_own_modules = {"estimate", "tool_choice"}
    in_test_saved_prompts = {"prompts", "prompt", "delete_prompt", "prompt_options", "prompt_text"}
    in_test_made_files = {"made_file", "made_file_shown", "made_file_card"}
    in_test_sandbox = {"diagram_frame", "preview_frame"}
    assert {pattern.name for pattern in urlpatterns} == {
        *OWN,
        *READ,
        *WRITE,
        *FILES,
        *in_test_tool_sign_in,
        *in_test_welcome,
        *in_test_many_conversations,
        *in_test_offline,
        *in_test_feedback,
        *in_test_receipt,
        *in_test_account_data,
        *in_settings,
        *in_test_sharing,
        *in_test_imports,
        *in_test_saved_prompts,
        *in_own_modules,
        *ADDRESSES,  # in test_pages_projects.py
        *in_test_made_files,
        *in_test_sandbox,
        "preferences",
    }


@pytest.mark.parametrize("name", [*OWN, *READ])
def test_owner_reads(name: str, browser: Client, chat: Conversation) -> None:
    answer = browser.get(address(name, chat))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    answer.close()


@pytest.mark.parametrize("name", WRITE)
def test_owner_writes(name: str, browser: Client, chat: Conversation) -> None:
    answer = browser.post(address(name, chat), form(name, chat))
    assert answer.status_code == (200 if name in PAGES else 204)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("role", ["colleague", "outsider"])
@pytest.mark.parametrize("name", READ)
def test_others_find_nothing(
    name: str, role: str, signed_in: Callable[[str], Client], chat: Conversation
) -> None:
    answer = signed_in(role).get(address(name, chat))
    assert answer.status_code == 404
    assert b"garden" not in answer.content
    assert b"Very" not in answer.content


@pytest.mark.parametrize("role", ["colleague", "outsider"])
@pytest.mark.parametrize("name", WRITE)
def test_others_change_nothing(
    name: str, role: str, signed_in: Callable[[str], Client], chat: Conversation
) -> None:
    before = state(chat)
    assert signed_in(role).post(address(name, chat), form(name, chat)).status_code == 404
    assert state(chat) == before


def test_outsider_sees_an_empty_list(signed_in: Callable[[str], Client], chat: Conversation) -> None:
    outsider = signed_in("outsider")
    for address_of in ("/", "/sidebar", f"/sidebar?current={chat.id}"):
        assert b"garden" not in outsider.get(address_of).content
    for address_of in ("/sidebar?q=garden", "/palette?q=garden"):
        assert b"Plans for" not in outsider.get(address_of).content


@pytest.mark.parametrize("name", [*OWN, *READ])
def test_anonymous_visitors_are_sent_to_sign_in(name: str, client: Client, chat: Conversation) -> None:
    answer = client.get(address(name, chat))
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{reverse('account_login')}?next=/")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("name", [*OWN, *READ])
@pytest.mark.parametrize("header", [{"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}])
def test_a_script_without_session_is_refused(
    name: str, header: dict[str, str], client: Client, chat: Conversation
) -> None:
    answer = client.get(address(name, chat), headers=header)
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("name", WRITE)
def test_anonymous_visitors_write_nothing(name: str, client: Client, chat: Conversation) -> None:
    before = state(chat)
    assert client.post(address(name, chat), form(name, chat)).status_code == 302
    assert state(chat) == before


@pytest.mark.parametrize("name", [*WRITE, "preferences"])
def test_writing_needs_the_csrf_token(name: str, chat: Conversation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(chat.owner)
    target = reverse("preferences") if name == "preferences" else address(name, chat)
    answer = client.post(target, form(name, chat))
    assert answer.status_code == 403
    assert "This page has expired" in answer.content.decode()


def test_a_switched_off_person_is_out(browser: Client, chat: Conversation) -> None:
    chat.owner.is_active = False
    chat.owner.save()
    assert browser.get(address("conversation", chat)).status_code == 302


@pytest.mark.parametrize("name", [*READ, "branch"])
def test_other_methods_are_refused(name: str, browser: Client, chat: Conversation) -> None:
    assert browser.put(address(name, chat)).status_code == 405


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda text: text.replace("-", ""), lambda text: f"{{{text}}}"]
)
def test_an_identifier_has_one_spelling(
    spelling: Callable[[str], str], browser: Client, chat: Conversation
) -> None:
    assert browser.get(f"/c/{spelling(str(chat.id))}").status_code == 404


@pytest.mark.parametrize("before", ["", "x", "01a20000-0000-7000-8000-000000000000", "0"])
def test_earlier_needs_a_message_of_this_conversation(
    before: str, browser: Client, chat: Conversation
) -> None:
    assert browser.get(f"/c/{chat.id}/earlier", {"before": before}).status_code == 404


def test_a_message_of_another_conversation_is_no_branch(
    browser: Client, chat: Conversation, turn: Turn
) -> None:
    other = Conversation.objects.create(owner=chat.owner)
    answer = browser.post(f"/c/{other.id}/branch", {"message": str(turn.user_message_id)})
    assert answer.status_code == 404


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "a" * 300, "Asia/Seoul"])
def test_any_time_zone_cookie_is_survived(zone: str, browser: Client, chat: Conversation) -> None:
    browser.cookies["parley_timezone"] = zone
    assert browser.get(address("conversation", chat)).status_code == 200
