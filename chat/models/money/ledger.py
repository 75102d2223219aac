"""The ledger: one row per API call attempt that reached an upstream, priced at the moment of the call."""

import datetime as dt
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import GroupsOf
from chat.models.catalogue.assistants import Assistant
from chat.models.catalogue.connections import ProviderConnection
from chat.models.catalogue.language_models import LanguageModel
from chat.models.fields import ExactJSONField
from chat.models.ids import UserId
from chat.models.transcript.conversations import Conversation, Message
from chat.models.transcript.turns import Turn

# The smallest part of a USD that the ledger and the budgets keep.
USD_FRACTION = Decimal("0.0000000001")
# The key of a count's row is made from the key of the row that it is for, so that a row is counted once at most.
COUNT_PREFIX = "count:"
# A count reads what arrived from the turn's frames, which are kept for an hour.
COUNTABLE_FOR = dt.timedelta(minutes=50)
WITHOUT_COUNT = (ProviderConnection.Kind.BEDROCK, ProviderConnection.Kind.LOCAL)


class ApiCallQuerySet(models.QuerySet["ApiCall"]):
    def open(self) -> Self:
        return self.filter(status=ApiCall.Status.OPEN)

    def settled(self) -> Self:
        return self.exclude(status=ApiCall.Status.OPEN)

    def begin(self, *, model: LanguageModel, user_id: UserId | None = None, **fields: Any) -> "ApiCall":
        """Create the open row of a request to `model` that is about to be sent; `fields` are the other columns."""
        return self.create(
            model=model,
            model_name=model.model_id,
            connection=model.connection,
            connection_name=model.connection.name,
            started_at=timezone.now(),
            user_id=user_id,
            payer_groups="" if user_id is None else GroupsOf(user_id),
            **fields,
        )

    def of_group(self, group_id: object) -> Self:
        """Return the calls of people who were members of a group when they were made."""
        return self.filter(payer_groups__contains=f",{group_id},")

    def settle(self, **outcome: Any) -> bool:
        """Write the outcome into the open rows; return whether there was one. A settled row never changes."""
        return bool(self.open().update(finished_at=timezone.now(), **outcome))

    def awaiting_count(self) -> Self:
        """Return the estimated rows of cut answers that the provider can count and was not asked to count yet.

        Only turns keep what arrived. Of a cut summary or title nothing is left that could be counted.
        """
        asked = ApiCall.objects.filter(key=Concat(Value(COUNT_PREFIX), OuterRef("key")))
        return self.filter(
            ~Exists(asked),
            status=ApiCall.Status.CUT,
            certainty=ApiCall.Certainty.ESTIMATED,
            purpose=ApiCall.Purpose.TURN,
            turn__isnull=False,
            connection__isnull=False,
            finished_at__gte=timezone.now() - COUNTABLE_FOR,
        ).exclude(connection__kind__in=WITHOUT_COUNT)


class ApiCall(models.Model):
    """Opened before the request leaves, settled when it ends; never priced again afterwards."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        SUCCEEDED = "succeeded", _("succeeded")
        CUT = "cut", _("cut off")
        FAILED = "failed", _("failed")

    class Certainty(models.TextChoices):
        EXACT = "exact", _("exact")
        ESTIMATED = "estimated", _("estimated")
        UNKNOWN = "unknown", _("unknown")

    class Purpose(models.TextChoices):
        TURN = "turn", _("answer")
        TITLE = "title", _("title")
        TEST = "test", _("connection test")
        COUNT = "count", _("token count")
        PREWARM = "prewarm", _("cache pre-warming")
        SUMMARY = "summary", _("summary")

    key = models.CharField(_("key"), max_length=120, unique=True)
    door = models.CharField(
        _("source"), max_length=8, choices=[*Turn.Door.choices, ("gateway", _("gateway"))]
    )
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("person")
    )
    api_key = models.ForeignKey(
        "ApiKey", models.SET_NULL, null=True, related_name="+", verbose_name=_("API key")
    )
    # Copies of what budgets select by: conversations move and are deleted, and people leave groups.
    assistant = models.ForeignKey(
        Assistant, models.SET_NULL, null=True, related_name="+", verbose_name=_("assistant")
    )
    payer_groups = models.TextField(_("groups"), blank=True, default="")
    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, null=True, related_name="+", verbose_name=_("conversation")
    )
    turn = models.ForeignKey(
        Turn, models.SET_NULL, null=True, related_name="api_calls", verbose_name=_("turn")
    )
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="api_calls", verbose_name=_("message")
    )
    frame_digest = models.CharField(_("request frame"), max_length=64, blank=True, default="")
    connection = models.ForeignKey(
        ProviderConnection, models.SET_NULL, null=True, related_name="+", verbose_name=_("connection")
    )
    connection_name = models.CharField(_("connection's name"), max_length=80)
    model = models.ForeignKey(
        LanguageModel, models.SET_NULL, null=True, related_name="+", verbose_name=_("model")
    )
    model_name = models.CharField(_("model id"), max_length=120)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    upstream_request_id = models.CharField(_("provider request id"), max_length=80, blank=True, default="")
    upstream_message_id = models.CharField(_("provider message id"), max_length=80, blank=True, default="")
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="")
    stop_reason = models.CharField(_("stop reason"), max_length=40, blank=True, default="")

    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    cache_write_5m_tokens = models.PositiveIntegerField(_("cache write tokens, 5 minutes"), default=0)
    cache_write_1h_tokens = models.PositiveIntegerField(_("cache write tokens, 1 hour"), default=0)
    cache_read_tokens = models.PositiveIntegerField(_("cache read tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    thinking_tokens = models.PositiveIntegerField(_("thinking tokens"), default=0)
    web_search_requests = models.PositiveIntegerField(_("web searches"), default=0)
    speed = models.CharField(_("speed"), max_length=12, blank=True, default="")
    inference_geo = models.CharField(_("geography"), max_length=12, blank=True, default="")
    cache_miss_reason = models.CharField(
        _("reason for the cache miss"), max_length=40, blank=True, default=""
    )
    cache_missed_tokens = models.PositiveIntegerField(_("cache miss tokens"), default=0)
    usage = ExactJSONField(_("usage"), null=True, blank=True)
    unit_prices = ExactJSONField(_("unit prices"), null=True, blank=True)
    cost_usd = models.DecimalField(_("cost (USD)"), max_digits=18, decimal_places=10, default=Decimal(0))
    certainty = models.CharField(
        _("accuracy"), max_length=10, choices=Certainty.choices, default=Certainty.UNKNOWN
    )
    started_at = models.DateTimeField(_("started"))
    first_byte_at = models.DateTimeField(_("first byte"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ApiCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("API call")
        verbose_name_plural = _("ledger")
        indexes = [
            models.Index(fields=["started_at", "id"], name="call_by_time"),
            models.Index(fields=["user", "started_at"], name="call_by_user"),
            models.Index(fields=["frame_digest", "started_at"], name="call_by_frame"),
            models.Index(fields=["status"], name="call_open", condition=Q(status="open")),
        ]
        constraints = [
            models.CheckConstraint(name="call_cost_not_negative", condition=Q(cost_usd__gte=0)),
            models.CheckConstraint(
                name="call_settled_has_end",
                condition=Q(status="open", finished_at__isnull=True)
                | (~Q(status="open") & Q(finished_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.key
