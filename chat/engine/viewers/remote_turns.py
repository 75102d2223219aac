"""Rows of turns and conversations that other processes write, read once for all viewers of this process."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import F, IntegerField, Q
from django.db.models.functions import Coalesce

from chat.events.payloads import EventFrame
from chat.events.store import unpack
from chat.models import Conversation, Turn, TurnEvent
from chat.models.ids import ConversationId, TurnId
from chat.models.transcript.turns import ACTIVE, FINISHED


@dataclasses.dataclass(frozen=True, slots=True)
class Remote:
    """A turn of another process and its frames behind `after`, which are new here."""

    turn: Turn
    after: int
    frames: list[EventFrame]


def remote_news(
    since: dict[ConversationId, dt.datetime], skip: set[TurnId], positions: dict[TurnId, int]
) -> list[Remote]:
    """Read, in two queries, the new frames of remote turns in watched conversations.

    These turns are active, followed already, or began after their conversation was first watched here: a short one
    may begin and end between two looks.
    """
    wanted = Q(status__in=ACTIVE) | Q(created_at__gt=min(since.values())) | Q(id__in=list(positions))
    turns = [
        turn
        for turn in Turn.objects.filter(wanted, conversation_id__in=list(since))
        .exclude(id__in=skip)
        .order_by("created_at", "id")
        if turn.id in positions or not turn.finished or turn.created_at > since[turn.conversation_id]
    ]
    if not turns:
        return []
    fresh = Q(pk__in=[])
    for turn in turns:
        fresh |= Q(turn_id=turn.id, last_seq__gt=positions.get(turn.id, 0))
    frames: dict[TurnId, list[EventFrame]] = {turn.id: [] for turn in turns}
    rows = TurnEvent.objects.filter(fresh).order_by("turn_id", "first_seq")
    for turn_id, first, text in rows.values_list("turn_id", "first_seq", "frames"):
        position = positions.get(turn_id, 0) + len(frames[turn_id])
        frames[turn_id] += unpack(text)[max(0, position + 1 - first) :]
    return [Remote(turn, positions.get(turn.id, 0), frames[turn.id]) for turn in turns]


def last_seqs(turn_ids: set[TurnId]) -> dict[TurnId, int]:
    """Return the seq of the last frame of each turn that has ended, or of the first frame after its recovery.

    A viewer that is there already has a frame that was lost with its process.
    """
    ended = Turn.objects.filter(id__in=turn_ids, status__in=FINISHED)
    return dict(
        ended.values_list("id", Coalesce(F("recovered_seq") + 1, "last_seq", output_field=IntegerField()))
    )


def conversation_news(conversations: list[ConversationId], since: dt.datetime) -> list[dict[str, Any]]:
    """Return watched conversations whose row changed after `since`, and those that are gone.

    An element: {"type": "conversation.updated", "conversation": "…", "title": "…", "id": UUID, "stamp": shown fields},
    or {"type": "conversation.deleted", "conversation": "…", "id": UUID, "stamp": None}.
    """
    rows = Conversation.objects.living().filter(id__in=conversations)
    changed = rows.filter(updated_at__gt=since)
    all_there = rows.count() == len(conversations)
    gone = [] if all_there else set(conversations).difference(rows.values_list("id", flat=True))
    return [
        {
            "type": "conversation.updated",
            "conversation": str(identifier),
            "title": stamp[0],
            "id": identifier,
            "stamp": stamp,
        }
        for identifier, *stamp in changed.values_list("id", "title", "pinned", "archived", "expires_at")
    ] + [
        {"type": "conversation.deleted", "conversation": str(identifier), "id": identifier, "stamp": None}
        for identifier in gone
    ]
