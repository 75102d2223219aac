"""A list takes the same number of queries however many rows it shows."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Budget, BudgetPeriod, Conversation, ProjectMember, User
from chat.operations.projects.documents import add_text
from tests.admin.world import World

MORE = 4
# The column that differs between copies of a table's row; "" if only the key does.
VARIED = {
    "auth_group": "name",
    "chat_apicall": "key",
    "chat_apikey": "digest",
    "chat_assistant": "name",
    "chat_attachment": "name",
    "chat_budget": "name",
    "chat_budgetperiod": "starts_on",
    "chat_conversation": "",
    "chat_feedback": "person",
    "chat_frame": "digest",
    "chat_languagemodel": "model_id",
    "chat_mcpgrant": "user",
    "chat_mcpserver": "name",
    "chat_memoryentry": "text",
    "chat_message": "",
    "chat_modelprice": "valid_from",
    "chat_project": "",
    "chat_promptrevision": "number",
    "chat_providerconnection": "name",
    "chat_savedprompt": "command",
    "chat_share": "digest",
    "chat_systemprompt": "name",
    "chat_toolcall": "tool_use_id",
    "chat_tooldefinition": "name",
    "chat_turn": "client_id",
    "chat_turnevent": "first_seq",
    "chat_user": "email",
    "mfa_authenticator": "user",
}


def varied(value: Any, number: int) -> Any:
    match value:
        case str():
            return f"{number}{value}"[: max(8, len(value))]
        case uuid.UUID():
            return uuid.uuid4()
        case int():
            return value + 100 * number
        case dt.date():
            return value - dt.timedelta(days=40 * number)
        case User():
            return User.objects.create_user(f"other{number}@example.test")
    raise TypeError(value)


def add_copies(row: Model, column: str) -> None:
    for number in range(1, MORE + 1):
        copy = type(row).objects.get(pk=row.pk)  # type: ignore[attr-defined]
        if column:
            setattr(copy, column, varied(getattr(copy, column), number))
        if hasattr(copy, "last_seq") and column == "first_seq":
            copy.last_seq = copy.first_seq
        if column != "digest" or not copy._meta.get_field("digest").primary_key:
            copy.pk = copy._meta.pk.get_default()
        copy._state.adding = True
        copy.save(force_insert=True)
        if isinstance(copy, Budget):  # what was spent before a budget's first call is summed once for each
            BudgetPeriod.objects.create(budget=copy, starts_on=timezone.now().date().replace(day=1))


def queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return [query["sql"][:160] for query in seen.captured_queries]


@pytest.mark.parametrize("name", VARIED)
def test_lists_take_a_constant_number_of_queries(world: World, root: Client, name: str) -> None:
    queries(root, world.url(name))  # fills caches, such as that of content types
    before = queries(root, world.url(name))
    add_copies(world.rows[name], VARIED[name])
    after = queries(root, world.url(name))
    assert len(after) == len(before), after


def test_a_project_takes_a_constant_number_of_queries(world: World, root: Client) -> None:
    address = world.url("chat_project", "change")
    queries(root, address)
    before = queries(root, address)
    project = world.rows["chat_project"]
    for number in range(MORE):
        add_text(user=world.person, project_id=project.pk, name=str(number), text=str(number))
        ProjectMember.objects.create(
            project=project, person=User.objects.create_user(f"{number}@example.test")
        )
        Conversation.objects.create(owner=world.person, project=project)
    assert len(queries(root, address)) == len(before)


def test_every_list_is_counted(world: World) -> None:
    assert set(VARIED) == set(world.rows) - {"chat_workspace"}, "the workspace has no list"
