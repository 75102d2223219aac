"""Cursors for the list of conversations: opaque to clients. Each is a position, so no page skips or repeats a row."""

import base64
import binascii
import datetime as dt
import uuid

import orjson
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from chat.api.problems import Problem
from chat.models import Conversation


def page_of(
    rows: QuerySet[Conversation], cursor: str | None, limit: int
) -> tuple[list[Conversation], str | None]:
    """Return up to `limit` conversations after the cursor, in the sidebar's order, and the next cursor.

    Raises:
        Problem: 422, the cursor is not valid.
    """
    ordered = rows.filter(_after(cursor)).order_by("-pinned", "-last_message_at", "-id")
    found = list(ordered[: limit + 1])
    page = found[:limit]
    return page, _cursor(page[-1]) if len(found) > limit else None


def _cursor(row: Conversation) -> str:
    position = orjson.dumps([row.pinned, row.last_message_at.isoformat(), str(row.id)])
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


def _after(cursor: str | None) -> Q:
    if cursor is None:
        return Q()
    pinned, at, identifier = _position(cursor)
    older = Q(last_message_at__lt=at) | Q(last_message_at=at, id__lt=identifier)
    return Q(older, pinned=True) | Q(pinned=False) if pinned else Q(older, pinned=False)


def _position(cursor: str) -> tuple[bool, dt.datetime, uuid.UUID]:
    try:
        pinned, at, identifier = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = dt.datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return bool(pinned), moment, uuid.UUID(identifier)
    except (ValueError, TypeError, AttributeError, binascii.Error, OverflowError):
        raise Problem(422, "invalid", _("This cursor doesn’t belong to this list.")) from None
