"""Conversations and their messages: an append-only tree. An edit adds a branch and rewrites nothing."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import User
from chat.models.catalogue.assistants import Assistant
from chat.models.catalogue.language_models import LanguageModel
from chat.models.fields import ExactJSONField, FoldedTextField, uuid7
from chat.models.ids import MessageId
from chat.models.transcript.title_search import title_pattern

# How long a deleted conversation can be restored. Then a job deletes it for good.
UNDO_FOR = dt.timedelta(minutes=10)


def living(prefix: str = "") -> Q:
    """Return the condition that a conversation exists for people: neither deleted nor past its end.

    `prefix` leads to it from another table, as "conversation__".
    """
    endless = Q(**{f"{prefix}expires_at": None})
    later = Q(**{f"{prefix}expires_at__gt": timezone.now()})
    return Q(**{f"{prefix}deleted_at": None}) & (endless | later)


def listed(prefix: str = "") -> Q:
    """Return the condition that a conversation stands in lists: it is neither deleted nor temporary."""
    return Q(**{f"{prefix}deleted_at": None, f"{prefix}expires_at": None})


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, user: User) -> Self:
        return self.filter(owner=user)

    def living(self) -> Self:
        """Return those that exist for people, temporary ones too."""
        return self.filter(living())

    def listed(self) -> Self:
        """Return those that lists, searches and exports hold: temporary ones are not among them."""
        return self.filter(listed())

    def restorable(self) -> Self:
        """Return those whose deletion can be undone. What a temporary conversation held is never brought back."""
        return self.filter(deleted_at__gt=timezone.now() - UNDO_FOR, expires_at=None)

    def due_for_removal(self) -> Self:
        """Return those that can't be brought back."""
        now = timezone.now()
        return self.filter(
            Q(deleted_at__lte=now - UNDO_FOR)
            | Q(expires_at__lte=now)
            | Q(deleted_at__isnull=False, expires_at__isnull=False)
        )

    def newest_first(self) -> Self:
        return self.order_by("-pinned", "-last_message_at", "-id")

    def titled(self, needles: Iterable[str]) -> Self:
        """Return those whose title has all these folded texts; see `title_search`."""
        rows = self
        for needle in needles:
            pattern = title_pattern(needle)
            has = Q(folded_title__regex=pattern) if pattern else Q(folded_title__contains=needle)
            rows = rows.filter(has)
        return rows


class Conversation(models.Model):
    class TitleStatus(models.TextChoices):
        NONE = "none", _("not named yet")
        CLAIMED = "claimed", _("being named")
        DONE = "done", _("named")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations", verbose_name=_("owner")
    )
    assistant = models.ForeignKey(
        Assistant, models.SET_NULL, null=True, blank=True, verbose_name=_("assistant")
    )
    model = models.ForeignKey(LanguageModel, models.SET_NULL, null=True, blank=True, verbose_name=_("model"))
    # Named as a text: a project has documents, and these are files of messages.
    project = models.ForeignKey(
        "Project",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="conversations",
        verbose_name=_("project"),
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    folded_title = FoldedTextField(_("title for search"), of="title")
    title_status = models.CharField(
        _("title status"), max_length=8, choices=TitleStatus.choices, default=TitleStatus.NONE
    )
    title_claimed_at = models.DateTimeField(_("title started"), null=True, blank=True)
    active_leaf = models.ForeignKey(
        "Message", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("last message")
    )
    # Where its first messages were copied from: see chat.operations.conversations.fork.
    forked_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="forks", verbose_name=_("copied from")
    )
    # The ids of tools that ask for approval and that the owner has allowed for the rest of this conversation.
    allowed_tools = ExactJSONField(_("allowed tools"), default=list, blank=True)
    # What its owner chose for the next answers: an effort level ("" is the assistant's own), and the ids of tools that
    # the model does not get.
    effort = models.CharField(
        _("effort"), max_length=8, choices=Assistant.Effort.choices, blank=True, default="", db_default=""
    )
    tools_off = ExactJSONField(_("tools switched off"), default=list, blank=True, db_default=[])
    pinned = models.BooleanField(_("pinned"), default=False)
    archived = models.BooleanField(_("archived"), default=False)
    # Set when its owner deleted it: nothing shows it any more. See `living` and UNDO_FOR.
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    # Set for a temporary conversation: the moment at which it ends at the latest.
    expires_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_message_at = models.DateTimeField(_("last message at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True, db_index=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(
                fields=["owner", "archived", "-pinned", "-last_message_at"], name="conversation_sidebar"
            ),
            models.Index(
                fields=["deleted_at"], name="conversation_deleted", condition=Q(deleted_at__isnull=False)
            ),
            models.Index(
                fields=["expires_at"], name="conversation_temporary", condition=Q(expires_at__isnull=False)
            ),
            models.Index(
                fields=["id"],
                condition=Q(folded_title=None) & ~Q(title=""),
                name="conversation_title_not_folded",
            ),
        ]

    def __str__(self) -> str:
        if self.is_temporary:
            return str(_("Temporary chat"))
        return self.title or str(_("New conversation"))

    @property
    def is_temporary(self) -> bool:
        return self.expires_at is not None


_WALK_UP = """
WITH RECURSIVE walk(id, parent_id, step) AS (
    SELECT id, parent_id, 1 FROM {table} WHERE id = %s
    UNION ALL
    SELECT m.id, m.parent_id, walk.step + 1 FROM {table} m JOIN walk ON m.id = walk.parent_id {within}
) SELECT id FROM walk
"""


class MessageQuerySet(models.QuerySet["Message"]):
    def append(self, *, after: "Message | None", **fields: Any) -> "Message":
        """Create a message behind `after`; with None a first message, whose `conversation` must be given."""
        if after is not None and "conversation" not in fields:
            fields["conversation_id"] = after.conversation_id
        return self.create(parent=after, depth=after.depth + 1 if after else 0, **fields)

    def insert_before(self, message: "Message", **fields: Any) -> "Message":
        """Create a message between `message`, which has no children, and its parent; in the caller's transaction."""
        inserted = self.append(after=message.parent, **fields)
        message.parent, message.depth = inserted, inserted.depth + 1
        message.save(update_fields=["parent", "depth"])
        return inserted

    def path_to(self, message_id: MessageId | None, limit: int | None = None) -> Self:
        """Return a message and those above it, from the root down; with `limit`, the lowest ones (one query)."""
        within, parameters = ("", []) if limit is None else ("WHERE walk.step < %s", [limit])
        walk = _WALK_UP.format(table=connection.ops.quote_name(self.model._meta.db_table), within=within)
        stored = self.model._meta.pk.get_db_prep_value(message_id, connection)
        return self.filter(id__in=RawSQL(walk, [stored, *parameters])).order_by("depth")  # noqa: S611

    def awaiting_index(self) -> Self:
        """Return the messages that search can't find yet: what people and models said, once it is whole."""
        return self.filter(indexed=False, kind=Message.Kind.CHAT).exclude(status=Message.Status.STREAMING)


class RequestedLength(models.TextChoices):
    """What a person asked of an answer: see `chat.claude.request.requested_length`."""

    SHORTER = "shorter", _("shorter")
    LONGER = "longer", _("longer")


class Message(models.Model):
    """One message of the tree. `content` holds the API's blocks exactly; `depth` counts from the root, 0."""

    class Role(models.TextChoices):
        USER = "user", _("person")
        ASSISTANT = "assistant", _("assistant")

    class Status(models.TextChoices):
        STREAMING = "streaming", _("streaming")
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("partial")

    class Kind(models.TextChoices):
        CHAT = "chat", _("chat")
        CONTINUE = "continue", _("continuation request")
        RESULTS = "results", _("tool results")
        SUMMARY = "summary", _("summary of earlier messages")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    parent = models.ForeignKey(
        # Messages go only with their whole conversation, in one statement; the database checks at commit.
        "self",
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
    )
    depth = models.PositiveIntegerField(_("depth"), default=0)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.CHAT)
    content = ExactJSONField(_("content"), default=list)
    text = models.TextField(_("text"), blank=True, default="")
    # What may change from message to message (date, name, language), frozen when the message was written.
    context = models.TextField(_("context"), blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.COMPLETE)
    turn = models.ForeignKey(
        "Turn", models.SET_NULL, null=True, blank=True, related_name="messages", verbose_name=_("turn")
    )
    frame = models.ForeignKey(
        "Frame", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("request frame")
    )
    # The account that made an answer, and the digest of all that was sent before it: "account:digest".
    binding = models.CharField(_("bound to"), max_length=80, blank=True, default="")
    model_name = models.CharField(_("model id"), max_length=120, blank=True, default="")
    # Of the first answer of a turn that was asked for it; later requests repeat the sentence that it was made behind.
    requested_length = models.CharField(
        _("requested length"),
        max_length=8,
        choices=RequestedLength.choices,
        blank=True,
        default="",
        db_default="",  # for processes of the version before, which write rows until they are replaced
    )
    stop_reason = models.CharField(_("stop reason"), max_length=40, blank=True, default="")
    stop_details = ExactJSONField(_("stop details"), null=True, blank=True)
    # How long the model thought, in seconds: one number for each thinking block, in their order.
    thinking_seconds = ExactJSONField(_("thinking time (seconds)"), default=list, blank=True)
    # Whether search knows the text. Every new row begins without, so no writer of messages has to think of search.
    indexed = models.BooleanField(_("indexed for search"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )  # copies keep theirs

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["conversation", "created_at", "id"], name="message_in_conversation"),
            models.Index(fields=["parent", "created_at", "id"], name="message_siblings"),
            models.Index(fields=["id"], condition=Q(indexed=False, kind="chat"), name="message_not_indexed"),
        ]
        constraints = [
            models.CheckConstraint(name="message_not_its_own_parent", condition=~Q(parent=F("id"))),
            models.CheckConstraint(
                name="message_root_is_user",
                condition=Q(depth__gt=0, parent__isnull=False) | Q(depth=0, role="user", parent__isnull=True),
            ),
            models.CheckConstraint(
                name="message_only_assistant_unfinished",
                condition=Q(status="complete") | Q(role="assistant"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.text[:60]}"

    @property
    def has_files(self) -> bool:
        """Whether its content refers to attachments."""
        return any(block.get("type") in ("image", "document") for block in self.content)

    @property
    def has_tool_uses(self) -> bool:
        """Whether its content asks for tools that Parley runs."""
        return any(block.get("type") == "tool_use" for block in self.content)

    @property
    def is_summary(self) -> bool:
        """Whether it is a summary that has been written: it stands for everything above it."""
        return self.kind == self.Kind.SUMMARY and bool(self.content)
