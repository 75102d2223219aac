"""Who reads what people wrote: schemas of their programs are hidden, and lists leave a trace."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.models import Assistant, Conversation, Frame, Message
from chat.operations.request.frame import freeze_frame
from tests import factories
from tests.admin.world import PRIVATE, World

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "description": f"Is it {PRIVATE}?"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.fixture(params=["format", "tool"])
def shaped(request: Any, world: World) -> Frame:
    """A frame of a program that asks for JSON, by either way in which a model can be held to a schema."""
    capabilities = {
        "format": {"structured_outputs": {"supported": True}},
        "tool": {"structured_outputs": {"supported": False}, "forced_tool_choice": {"supported": True}},
    }[request.param]
    model = factories.language_model("claude-shaped", capabilities=capabilities)
    frame = freeze_frame(model=model, assistant=Assistant.objects.get(), output_schema=SCHEMA)
    assert PRIVATE in str(frame.body)
    return frame


def change(frame: Frame) -> str:
    return reverse("admin:chat_frame_change", args=[frame.pk])


def test_staff_see_a_frame_without_its_schema(world: World, staff: Client, shaped: Frame) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_frame"))
    page = staff.get(change(shaped)).content.decode()
    assert "Be brief." in page, "the prompt is staff's own"
    assert PRIVATE not in page


def test_superusers_see_a_schema_with_a_trace(world: World, root: Client, shaped: Frame, caplog: Any) -> None:
    caplog.set_level("INFO")
    assert PRIVATE in root.get(change(shaped)).content.decode()
    (line,) = [record.getMessage() for record in caplog.records if "content_read" in record.getMessage()]
    assert shaped.pk in line
    assert PRIVATE not in line


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("chat_message", ("content", "text", "stop_details")),
        ("chat_turnevent", ("frames",)),
        ("chat_toolcall", ("input", "edited_input", "reason", "result")),
        ("chat_attachment", ("text",)),
        ("chat_project", ("instructions", "memory")),
    ],
)
def test_lists_read_no_long_columns(world: World, root: Client, name: str, columns: tuple[str, ...]) -> None:
    with CaptureQueriesContext(connection) as captured:
        page = root.get(world.url(name))
    assert page.status_code == 200
    table = name.removeprefix("chat_")
    selected = [f'"chat_{table}"."{column}",' for column in columns]
    read = [query["sql"].partition(" FROM ")[0] + "," for query in captured.captured_queries]
    assert not [one for one in selected for sql in read if one in sql.replace(f"({one}", "")]
    assert root.get(world.url(name, "change")).status_code == 200


def test_a_list_shows_the_beginning_of_a_text(world: World, root: Client) -> None:
    text = "word " * 30
    Message.objects.filter(pk=world.rows["chat_message"].pk).update(text=text)
    page = root.get(world.url("chat_message")).content.decode()
    assert f"{text[:80]}…" in page
    assert text[:90] not in page


def test_frames_without_a_schema_leave_no_trace(world: World, root: Client, caplog: Any) -> None:
    caplog.set_level("INFO")
    assert root.get(world.url("chat_frame", "change")).status_code == 200
    assert "content_read" not in caplog.text


@pytest.mark.parametrize("name", ["chat_conversation", "chat_message", "chat_attachment", "chat_project"])
def test_lists_that_show_content_leave_a_trace(world: World, root: Client, name: str, caplog: Any) -> None:
    caplog.set_level("INFO")
    assert PRIVATE in root.get(world.url(name)).content.decode()
    (line,) = [record.getMessage() for record in caplog.records if "content_read" in record.getMessage()]
    assert str(world.rows[name].pk) in line
    assert f"{name.removeprefix('chat_')}_list" in line
    assert PRIVATE not in line


def test_lists_without_content_leave_no_trace(world: World, staff: Client, root: Client, caplog: Any) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    caplog.set_level("INFO")
    for name in ("chat_conversation", "chat_message", "chat_attachment", "chat_project"):
        assert staff.get(world.url(name)).status_code == 200
        assert root.get(world.url(name), {"q": "person-who-is-not-here"}).status_code == 200
    assert "content_read" not in caplog.text


def test_an_opened_conversation_leaves_a_trace(world: World, root: Client, caplog: Any) -> None:
    caplog.set_level("INFO")
    assert PRIVATE in root.get(world.url("chat_conversation", "change")).content.decode()
    assert "content_read" in caplog.text


@pytest.mark.parametrize("hidden", ["deleted_at", "expires_at"])
def test_what_is_deleted_or_temporary_is_not_there(world: World, root: Client, hidden: str) -> None:
    def counts() -> dict[str, int]:
        names = ("conversation", "message", "turnevent", "toolcall", "attachment")
        pages = {name: root.get(world.url(f"chat_{name}")) for name in names}
        return {name: page.context["cl"].queryset.count() for name, page in pages.items()}

    assert min(counts().values()) > 0
    Conversation.objects.update(**{hidden: timezone.now()})
    assert set(counts().values()) == {0}
