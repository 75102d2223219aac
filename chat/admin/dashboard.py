"""The figures on the admin's first page: turns and cost of today, and connections that don't work."""

import datetime as dt
import uuid
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.admin.base import cents
from chat.admin.first_steps import first_steps
from chat.models import ApiCall, ProviderConnection, Turn
from chat.models.transcript.turns import ACTIVE

RECENT = dt.timedelta(hours=1)


def figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add `figures`, `first_steps` and `troubles` to the first page, each only if the user may see its tables."""
    context["figures"] = [
        *(_turns() if request.user.has_perm("chat.view_turn") else []),
        *(_costs() if request.user.has_perm("chat.view_apicall") else []),
    ]
    context["first_steps"] = first_steps(request)
    may_see = request.user.has_perm("chat.view_providerconnection")
    context["troubles"] = _troubles() if may_see else []
    context["knows_connections"] = may_see
    return context


def _midnight() -> dt.datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _first_id(moment: dt.datetime) -> uuid.UUID:
    """Return the smallest id of that time. Ids start with their time, so the primary key's index is used."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def _turns() -> list[dict[str, Any]]:
    today = Turn.objects.filter(id__gte=_first_id(_midnight())).count()
    running = Turn.objects.filter(status__in=ACTIVE).count()
    link = reverse("admin:chat_turn_changelist")
    return [
        {"label": _("Turns today"), "value": today, "link": link},
        {"label": _("Running now"), "value": running, "link": f"{link}?status__in={','.join(ACTIVE)}"},
    ]


def _costs() -> list[dict[str, Any]]:
    today = ApiCall.objects.filter(started_at__gte=_midnight()).aggregate(
        cost=Sum("cost_usd"), unsure=Count("id", filter=~Q(certainty="exact") & ~Q(status="open"))
    )
    return [
        {
            "label": _("Cost today"),
            "value": cents(today["cost"] or 0),
            "note": _("%(count)d calls are estimates") % {"count": today["unsure"]}
            if today["unsure"]
            else "",
            "link": reverse("admin:chat_apicall_changelist"),
        }
    ]


def _troubles() -> list[dict[str, str]]:
    """Return connections that report a problem or had failed calls in the last hour: [{"name", "text", "link"}, …]."""
    failed = dict(
        ApiCall.objects.filter(started_at__gte=timezone.now() - RECENT, status=ApiCall.Status.FAILED)
        .exclude(connection=None)
        .values_list("connection")
        .annotate(count=Count("id"))
    )
    troubles = []
    for connection in ProviderConnection.objects.usable().by_preference():
        sentence = connection.problem()
        if not sentence and connection.id in failed:
            sentence = _("%(count)d failed calls in the last hour.") % {"count": failed[connection.id]}
        if sentence:
            link = reverse("admin:chat_providerconnection_change", args=[connection.id])
            troubles.append({"name": connection.name, "text": sentence, "link": link})
    return troubles
