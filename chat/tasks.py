"""Background jobs. Each takes ids and asks the database whether there is anything to do: twice delivered, once run."""

import datetime as dt

import structlog
from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from chat.operations import titles
from chat.operations.events_log import clear_turn_events
from chat.operations.recovery import LeaseWatch
from chat.operations.uploads import clear_unused_files
from chat.providers.clients import ConnectionUnusable
from chat.providers.upstream import UpstreamError

log = structlog.get_logger(__name__)

# A worker process lives long enough to see that a heartbeat stands still.
_leases = LeaseWatch()


@shared_task
def title_conversation_task(conversation_id: str) -> None:
    """Ask the cheapest model of the conversation's connection for a title."""
    job = titles.claim_title(conversation_id)
    if job is None:
        return
    try:
        titles.give_title(conversation_id, titles.ask(job))
    except (UpstreamError, ConnectionUnusable) as error:
        log.warning("title_failed", conversation=conversation_id, error=type(error).__name__)
        titles.give_title(conversation_id, "")


@shared_task
def reap_task() -> None:
    """End turns whose process died, and find conversations that nobody named."""
    for turn_id in _leases.reap():
        log.warning("turn_reaped", turn=str(turn_id))
    for conversation_id in titles.unnamed_conversations():
        title_conversation_task.delay(conversation_id)


@shared_task
def clear_turn_events_task() -> None:
    """Delete event frames of turns that finished a while ago."""
    deleted = clear_turn_events()
    if deleted:
        log.info("turn_events_cleared", rows=deleted)


@shared_task
def clear_files_task() -> None:
    """Delete files that were attached to nothing for two days."""
    deleted = clear_unused_files()
    if deleted:
        log.info("files_cleared", files=deleted)


@shared_task
def clear_sessions_task() -> None:
    """Delete sessions that have expired for a day."""
    Session.objects.filter(expire_date__lt=timezone.now() - dt.timedelta(days=1)).delete()
