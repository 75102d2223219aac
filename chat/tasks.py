"""Background jobs. They take ids and check in the database whether work remains, so a repeated delivery is harmless."""

import datetime as dt

import structlog
from celery import Task, shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from chat.events.store import clear_turn_events
from chat.models import Workspace
from chat.operations.account_data.deletion import delete_closed_accounts
from chat.operations.account_data.export import clear_account_exports, write_account_export
from chat.operations.accounts import mail, sessions
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.billing.recount import settle_by_count
from chat.operations.conversations import titles
from chat.operations.deletion.remove import remove_due
from chat.operations.files.uploads import clear_unused_files
from chat.operations.imports.run import run_import, unfinished_imports
from chat.operations.projects.index import index_documents
from chat.operations.request import prewarm
from chat.operations.staff.tool_listings import refresh_listings
from chat.operations.time_limit import in_time
from chat.operations.turns import recovery, tool_decisions
from chat.operations.turns.recovery import LeaseWatch
from chat.providers.clients import ConnectionUnusable
from chat.providers.upstream import UpstreamError
from chat.search.index import PORTION, index_portions

log = structlog.get_logger(__name__)

# A run takes part of a large backlog, so that other jobs get their turn.
INDEX_SECONDS = 60

# Kept in the process between runs: a dead owner is detected by an unchanged heartbeat over time.
_leases = LeaseWatch()


@shared_task
def title_conversation_task(conversation_id: str) -> None:
    """Ask the cheapest model of the conversation's connection for a title and store it."""
    job = titles.claim_title(conversation_id)
    if job is None:
        return
    try:
        titles.give_title(conversation_id, titles.ask_for_title(job))
    except (UpstreamError, ConnectionUnusable, BudgetExceeded) as error:
        log.warning("title_failed", conversation=conversation_id, error=type(error).__name__)
        titles.give_title(conversation_id, "")


@shared_task
def reap_task() -> None:
    """End turns and calls of dead processes, bill cut answers by count, and queue missing titles."""
    for turn_id in _leases.reap():
        log.warning("turn_reaped", turn=str(turn_id))
    for key in recovery.settle_abandoned():
        log.warning("call_abandoned", key=key)
    settle_by_count()
    recovery.release_stale_holds()
    for conversation_id in titles.unnamed_conversations():
        title_conversation_task.delay(conversation_id)


@shared_task
def index_project_documents_task() -> None:
    """Put new documents of projects into the search index."""
    for passages in in_time(index_documents()):
        log.info("project_document_indexed", passages=passages)


@shared_task
def expire_tool_calls_task() -> None:
    """End tool calls without a decision in time. Their turns continue by themselves."""
    for turn_id in tool_decisions.expire_calls():
        log.info("tool_calls_expired", turn=str(turn_id))


@shared_task
def clear_turn_events_task() -> None:
    """Delete event frames of turns that finished some time ago."""
    deleted = clear_turn_events()
    if deleted:
        log.info("turn_events_cleared", rows=deleted)


@shared_task
def remove_conversations_task() -> None:
    """Delete for good what was deleted a while ago, and temporary conversations at their end."""
    removed = remove_due()
    if removed:
        log.info("conversations_removed", conversations=removed)


@shared_task
def prewarm_task() -> None:
    """Keep the prompts of assistants marked for pre-warming in the cache where it saves money."""
    for job in in_time(prewarm.due_warm_ups()):
        try:
            if prewarm.warm(job):
                log.info("prewarmed", assistant=str(job.assistant.pk), frame=job.frame.digest[:12])
        except (UpstreamError, ConnectionUnusable, BudgetExceeded) as error:
            log.warning("prewarm_failed", assistant=str(job.assistant.pk), error=type(error).__name__)


@shared_task
def clear_files_task() -> None:
    """Delete files that have not been attached to anything for two days."""
    deleted = clear_unused_files()
    if deleted:
        log.info("files_cleared", files=deleted)


@shared_task
def import_task(import_id: str) -> None:
    """Read an uploaded export, or go on with it."""
    run_import(import_id)


@shared_task
def resume_imports_task() -> None:
    """Queue imports that were not begun, or whose worker died."""
    for import_id in unfinished_imports():
        log.warning("import_resumed", id=import_id)
        import_task.delay(import_id)


@shared_task
def clear_sessions_task() -> None:
    """Delete sessions that expired more than a day ago, and what is noted about sessions that are gone."""
    Session.objects.filter(expire_date__lt=timezone.now() - dt.timedelta(days=1)).delete()
    sessions.forget_ended()


@shared_task(bind=True, max_retries=len(mail.RETRY_SECONDS))
def send_mail_task(self: Task, letter: str) -> None:
    """Send a sealed letter; while the mail server is away, try again a few times."""
    tried = self.request.retries
    try:
        mail.send_letter(letter)
    except mail.NotSent as error:
        again = error.temporary and tried < len(mail.RETRY_SECONDS)
        log.warning("mail_failed", error=type(error.__cause__).__name__, tries=tried + 1, again=again)
        if again:
            raise self.retry(countdown=mail.RETRY_SECONDS[tried]) from error


@shared_task
def refresh_listings_task() -> None:
    """Check whether MCP servers still offer the accepted tools. Changed tools no longer run."""
    drifted = refresh_listings()
    if drifted:
        log.warning("mcp_tools_drifted", tools=drifted)


@shared_task
def export_account_task(export_id: str) -> None:
    """Write everything that is a person's into a file."""
    write_account_export(export_id, shows_costs=Workspace.current().shows_costs)


@shared_task
def clear_accounts_task() -> None:
    """Delete accounts that were closed a week ago, and exports that are past their day."""
    deleted, exports = delete_closed_accounts(), clear_account_exports()
    if deleted or exports:
        log.info("accounts_cleared", accounts=deleted, exports=exports)


@shared_task
def index_messages_task() -> None:
    """Let search find what was written since the last run; messages from before search was there come last."""
    indexed = sum(in_time(index_portions(), INDEX_SECONDS))
    if indexed > PORTION:
        log.info("messages_indexed", rows=indexed)
