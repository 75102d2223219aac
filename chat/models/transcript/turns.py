"""Turns: state, lease and event frames, kept in the database. Transitions are conditional updates."""

import copy
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.catalogue.language_models import LanguageModel
from chat.models.fields import ExactJSONField, uuid7
from chat.models.ids import TurnId
from chat.models.transcript.conversations import Conversation, Message, RequestedLength

# An owner without a heartbeat for settings.TURN_LEASE_SECONDS counts as dead; this many heartbeats fall in that time.
BEATS_PER_LEASE = 3
ACTIVE = ("queued", "running", "waiting")
FINISHED = ("completed", "stopped", "interrupted", "failed", "refused")


class Frame(models.Model):
    """Everything before the messages of a request, content-addressed: same frame, same cache prefix."""

    digest = models.CharField(_("digest"), max_length=64, primary_key=True)
    body = ExactJSONField(_("body"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("request frame")
        verbose_name_plural = _("request frames")

    def __str__(self) -> str:
        return self.digest[:12]


class FrameCount(models.Model):
    """The number of tokens of a frame with one model; `exact` if the provider counted them."""

    frame = models.ForeignKey(Frame, models.CASCADE, related_name="counts", verbose_name=_("request frame"))
    model_name = models.CharField(_("model id"), max_length=120)
    tokens = models.PositiveIntegerField(_("tokens"))
    exact = models.BooleanField(_("counted by the provider"), default=False)
    counted_at = models.DateTimeField(_("counted at"), auto_now=True)

    class Meta:
        verbose_name = _("token count")
        verbose_name_plural = _("token counts")
        constraints = [models.UniqueConstraint(fields=["frame", "model_name"], name="frame_counted_once")]

    def __str__(self) -> str:
        return f"{self.tokens} tokens"


class TurnQuerySet(models.QuerySet["Turn"]):
    def active(self) -> Self:
        return self.filter(status__in=ACTIVE)

    def owned_by(self, owner: str, fence: int) -> Self:
        """Return the running turns with this owner and fence, so that an owner that lost its lease changes nothing."""
        return self.filter(owner=owner, fence=fence, status="running")

    def claim(self, turn_id: TurnId, owner: str) -> "Turn | None":
        """Claim a queued turn and raise its fence; None when it is not queued any more."""
        now = timezone.now()
        claimed = self.filter(id=turn_id, status="queued").update(
            status="running",
            owner=owner,
            fence=F("fence") + 1,
            heartbeat_at=now,
            started_at=Coalesce("started_at", now),  # a turn that waited for a person keeps its beginning
        )
        needed = ("conversation__assistant", "model__connection", "user_message", "frame")
        return self.select_related(*needed).get(id=turn_id) if claimed else None

    def claim_accepted(self, accepted: "Turn", owner: str) -> "Turn | None":
        """Claim a queued turn whose rows this process has just written, without reading them again.

        None when it is not queued any more, or was claimed since by another process. `accepted` is not changed.
        """
        changes = {"status": "running", "owner": owner, "fence": accepted.fence + 1}
        changes |= dict.fromkeys(("heartbeat_at", "started_at"), timezone.now())
        if not self.filter(id=accepted.id, status="queued", fence=accepted.fence).update(**changes):
            return None
        turn = copy.copy(accepted)
        for name, value in changes.items():
            setattr(turn, name, value)
        return turn


class Turn(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        WAITING = "waiting", _("waiting for approval")
        COMPLETED = "completed", _("completed")
        STOPPED = "stopped", _("stopped")
        INTERRUPTED = "interrupted", _("interrupted")
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused")

    class Door(models.TextChoices):
        CHAT = "chat", _("chat")
        API = "api", _("API")
        JOB = "job", _("job")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="turns", verbose_name=_("conversation")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="turns", verbose_name=_("author")
    )
    client_id = models.UUIDField(_("client id"))
    door = models.CharField(_("source"), max_length=8, choices=Door.choices, default=Door.CHAT)
    api_key = models.ForeignKey(
        "ApiKey", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("API key")
    )
    user_message = models.ForeignKey(
        Message, models.RESTRICT, related_name="answering_turns", verbose_name=_("message")
    )
    model = models.ForeignKey(LanguageModel, models.SET_NULL, null=True, verbose_name=_("model"))
    frame = models.ForeignKey(Frame, models.PROTECT, verbose_name=_("request frame"))
    max_tokens = models.PositiveIntegerField(_("answer limit (tokens)"))
    output_schema = ExactJSONField(_("answer format"), null=True, blank=True)
    requested_length = models.CharField(
        _("requested length"),
        max_length=8,
        choices=RequestedLength.choices,
        blank=True,
        default="",
        db_default="",
    )
    # In a comparison: who answers the same message after this turn, as `choices_to_compare` stores them; [] for the
    # last one. `next_due` until the first of them was asked.
    compare_with = ExactJSONField(_("answers next"), null=True, blank=True)
    next_due = models.BooleanField(_("next answer is due"), default=False, db_default=False, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    owner = models.CharField(_("owner"), max_length=120, blank=True, default="")
    fence = models.PositiveIntegerField(_("fencing token"), default=0)
    heartbeat_at = models.DateTimeField(_("last heartbeat"), null=True, blank=True)
    last_seq = models.PositiveIntegerField(_("last sequence number"), default=0)
    recovered_seq = models.PositiveIntegerField(
        _("sequence number at recovery"),
        null=True,
        blank=True,
        help_text=_(
            "The last event that was saved before the process died. Pages that are ahead of it are refreshed."
        ),
    )
    # The notices in events.payloads.LASTING_NOTICES, as they were sent to viewers.
    notices = ExactJSONField(_("notices"), default=list, blank=True)
    stop_requested_at = models.DateTimeField(_("stop requested"), null=True, blank=True)
    stop_reason = models.CharField(_("stop reason"), max_length=40, blank=True, default="")
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="")
    error_detail = models.CharField(_("error detail"), max_length=500, blank=True, default="")
    # Of a copied conversation: the ledger has the calls of the original alone.
    is_copy = models.BooleanField(_("copy"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )  # copies keep theirs
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = TurnQuerySet.as_manager()
    CONTINUABLE: ClassVar[frozenset[str]] = frozenset({"stopped", "interrupted"})
    # Stop reasons at a limit: of the answer's length, or of the calls in one turn.
    UNFINISHED_REASONS: ClassVar[frozenset[str]] = frozenset({"max_tokens", "tool_use", "pause_turn"})

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        indexes = [
            models.Index(fields=["status", "heartbeat_at"], name="turn_leases"),
            models.Index(fields=["conversation", "-created_at"], name="turn_of_conversation"),
            models.Index(fields=["created_at"], condition=Q(next_due=True), name="turn_next_due"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["author", "client_id"], name="turn_client_id_once"),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=ACTIVE),
                name="turn_one_active_per_conversation",
            ),
            models.CheckConstraint(
                name="turn_running_has_owner",
                condition=~Q(status="running") | (~Q(owner="") & Q(heartbeat_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="turn_finished_has_end",
                condition=Q(status__in=ACTIVE, finished_at__isnull=True)
                | Q(status__in=FINISHED, finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.get_status_display()}"

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    def last_answer(self) -> Message | None:
        """Return the lowest answer of this turn (one query)."""
        return self.messages.filter(role=Message.Role.ASSISTANT).order_by("-depth", "-id").first()

    def last_answer_parts(self) -> list[Message]:
        """Return the messages that hold the last answer: several where it was interrupted and went on by itself."""
        interrupted = {notice.get("after") for notice in self.notices} - {None}
        if not interrupted:
            answer = self.last_answer()
            return [answer] if answer else []
        answers = list(self.messages.filter(role=Message.Role.ASSISTANT).order_by("depth", "id"))
        first = len(answers) - 1
        while first > 0 and str(answers[first - 1].id) in interrupted:
            first -= 1
        return answers[first:]

    def last_message(self) -> Message:
        """Return the lowest message of this turn: an answer, tool results, or the message that it answers."""
        return self.messages.order_by("-depth", "-id").first() or self.user_message

    @property
    def filled_context(self) -> bool:
        """Whether it ended because the conversation is longer than its model's context window."""
        return self.stop_reason == "model_context_window_exceeded" or self.error_code == "context_full"

    @property
    def can_continue(self) -> bool:
        return self.status in self.CONTINUABLE or (
            self.status == "completed" and self.stop_reason in self.UNFINISHED_REASONS
        )


class TurnEvent(models.Model):
    """A run of event frames, exactly as they were published: frames first_seq..last_seq as a JSON list."""

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="events", verbose_name=_("turn"))
    first_seq = models.PositiveIntegerField(_("first"))
    last_seq = models.PositiveIntegerField(_("last"))
    frames = models.TextField(_("events"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("turn events")
        verbose_name_plural = _("turn events")
        constraints = [
            models.UniqueConstraint(fields=["turn", "first_seq"], name="events_once"),
            models.CheckConstraint(
                name="events_in_order", condition=Q(first_seq__gte=1, last_seq__gte=F("first_seq"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.turn_id} {self.first_seq}-{self.last_seq}"
