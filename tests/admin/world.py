"""One row of every table, with private texts and secrets that most pages must not show."""

import dataclasses
import uuid
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from chat.models import (
    ApiCall,
    ApiKey,
    Assistant,
    Budget,
    BudgetPeriod,
    Conversation,
    Feedback,
    LanguageModel,
    McpGrant,
    McpServer,
    MemoryEntry,
    Message,
    ModelPrice,
    Project,
    ProjectMember,
    ProviderConnection,
    SavedPrompt,
    Share,
    SystemPrompt,
    ToolCall,
    ToolDefinition,
    Turn,
    TurnEvent,
    User,
    Workspace,
)
from chat.operations.accounts.api_keys import create_api_key
from chat.operations.files.uploads import store_upload
from chat.operations.request.frame import freeze_frame
from chat.operations.staff.prompt_revisions import revise_prompt

PASSWORD = "a-long-password"
UPSTREAM_SECRET = "sk-upstream-credential-4711"
TOTP_SECRET = "TOTPSECRETBASE32"
PRIVATE = "heliotrope"  # in titles, questions, answers and event frames


@dataclasses.dataclass
class World:
    root: User
    staff: User
    person: User
    rows: dict[str, Any]  # by "app_model"

    def url(self, name: str, view: str = "changelist") -> str:
        arguments = [] if view in ("changelist", "add") else [self.rows[name].pk]
        return reverse(f"admin:{name}_{view}", args=arguments)


def people() -> tuple[User, User, User]:
    root = User.objects.create_superuser("root@example.test", PASSWORD)
    staff = User.objects.create_user("staff@example.test", PASSWORD, is_staff=True)
    return root, staff, User.objects.create_user("person@example.test", PASSWORD)


def build() -> World:
    """Create one row of every table."""
    root, staff, person = people()
    factor = Authenticator.objects.create(user=person, type="totp", data={"secret": TOTP_SECRET})
    rows: dict[str, Any] = {"auth_group": Group.objects.create(name="Design"), "mfa_authenticator": factor}
    offered = _models_and_assistants(root)
    chat = _conversation(person, offered)
    saved = SavedPrompt.objects.create(command="summary", text="Shorten this", for_everyone=True)
    others = [
        create_api_key(user=person, name="Script", scopes=["read"])[0],
        Workspace.objects.create(),
        saved,
        _project(person, staff),
    ]
    for row in (person, *offered, *chat, *_tools(person), *_money(), *others):
        rows[f"chat_{type(row)._meta.model_name}"] = row
    return World(root, staff, person, rows)


def _models_and_assistants(root: User) -> list[Any]:
    connection = ProviderConnection.objects.create(
        name="Upstream", kind="compatible", base_url="http://127.0.0.1:9", credential=UPSTREAM_SECRET
    )
    model = LanguageModel.objects.create(
        connection=connection, model_id="claude-test", display_name="Claude Test"
    )
    price = ModelPrice.objects.create(model=model, valid_from=timezone.now(), input=3, output=15)
    prompt = SystemPrompt.objects.create(name="Voice")
    revision = revise_prompt(prompt=prompt, blocks=[{"text": "Be brief.", "cache": "1h"}], author=root)
    assistant = Assistant.objects.create(name="Guide", model=model, prompt=prompt, starters=["Hello?"])
    return [connection, model, price, prompt, revision, assistant]


def _conversation(person: User, offered: list[Any]) -> list[Any]:
    """A conversation of a question, its turn with a tool call and a ledger row, and the answer."""
    connection, model, assistant = offered[0], offered[1], offered[-1]
    frame = freeze_frame(model=model, assistant=assistant)
    conversation = Conversation.objects.create(owner=person, title=f"About {PRIVATE}", model=model)
    content = [{"type": "text", "text": f"What is {PRIVATE}?"}]
    question = Message.objects.create(
        conversation=conversation, role="user", content=content, text=f"What is {PRIVATE}?"
    )
    attachment = store_upload(owner=person, name=f"{PRIVATE}.txt", data=f"All of {PRIVATE}".encode())
    question.attachments.add(attachment)
    now = timezone.now()
    turn = Turn.objects.create(
        conversation=conversation,
        author=person,
        client_id=uuid.uuid4(),
        user_message=question,
        model=model,
        frame=frame,
        max_tokens=100,
        status="completed",
        finished_at=now,
    )
    event = TurnEvent.objects.create(turn=turn, first_seq=1, last_seq=1, frames=f'["{PRIVATE}"]')
    answer = Message.objects.create(
        conversation=conversation, parent=question, depth=1, role="assistant", turn=turn, content=content
    )
    result = {"result": [{"type": "text", "text": PRIVATE}], "finished_at": now}
    asked = {"name": "weather", "tool_use_id": "toolu_1", "input": {"city": PRIVATE}, "reason": PRIVATE}
    tool_call = ToolCall.objects.create(
        turn=turn, message=answer, status="done", edited_input={"city": PRIVATE}, **asked, **result
    )
    call = ApiCall.objects.create(
        key="turn:1",
        door="chat",
        purpose="turn",
        user=person,
        conversation=conversation,
        turn=turn,
        connection=connection,
        connection_name=connection.name,
        model=model,
        model_name=model.model_id,
        status="failed",
        started_at=now,
        finished_at=now,
        usage={"input_tokens": 10},
    )
    opinion = Feedback.objects.create(message=answer, person=person, rating=-1, reason="wrong", model=model)
    entry = MemoryEntry.objects.create(user=person, text=f"Likes {PRIVATE}", conversation=conversation)
    share = Share.objects.create(
        conversation=conversation, owner=person, title=f"About {PRIVATE}", leaf_id=answer.id, digest="d" * 64
    )
    return [frame, conversation, question, attachment, turn, event, tool_call, call, opinion, entry, share]


def _project(person: User, staff: User) -> Project:
    """A project that is shared with a member of staff, with a conversation."""
    texts = {name: f"The {name} of {PRIVATE}" for name in ("name", "description", "instructions", "memory")}
    project = Project.objects.create(owner=person, **texts)
    ProjectMember.objects.create(project=project, person=staff)
    Conversation.objects.update(project=project)
    return project


def _tools(person: User) -> list[Any]:
    server = McpServer.objects.create(
        name="shop", url="https://shop.example.test/mcp", auth="bearer", credential=UPSTREAM_SECRET
    )
    grant = McpGrant.objects.create(
        server=server, user=person, tokens=UPSTREAM_SECRET, client=UPSTREAM_SECRET
    )
    tool = ToolDefinition.objects.create(
        name="stock", kind="webhook", url="https://tools.example.test/hook", secret=UPSTREAM_SECRET
    )
    return [server, grant, tool]


def _money() -> list[Any]:
    budget = Budget.objects.create(name="Everything", scope="workspace", hard_limit_usd=100)
    month = timezone.now().date().replace(day=1)
    return [budget, BudgetPeriod.objects.create(budget=budget, starts_on=month, spent_usd=25)]


def form_errors(response: Any) -> str:
    """Return the errors of the form that an admin page shows again."""
    assert response.status_code == 200
    return str(response.context["adminform"].form.errors)


def digests() -> list[str]:
    return list(ApiKey.objects.values_list("digest", flat=True))
