"""Rows of tools: registered and provided tools get one; staff review and accept the tools of MCP servers.

A tool of an MCP server is what staff accepted and nothing else: its description and schema are copied into the row,
and when the server's listing no longer matches, the tool does not run until staff accept the change.
"""

import dataclasses
import hashlib
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.claude.schemas.tool_definitions import definition_fault
from chat.models import Approval, McpServer, ToolDefinition, User
from chat.operations.errors import OperationError, not_found
from chat.operations.time_limit import in_time
from chat.presentation.tool_faults import fault_text
from chat.tools import mcp, registry
from chat.tools.mcp_grants import SignInNeeded
from chat.tools.provided import PROVIDED
from chat.tools.result import ToolContext, ToolResult
from chat.tools.run import run_tool

log = structlog.get_logger(__name__)

Kind = ToolDefinition.Kind
STAMP = "tools.stamp"
NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclasses.dataclass(slots=True)
class SyncReport:
    """Names of rows that were added, refreshed, or left out because another tool has the name.

    `refused` has, by name, why the API does not accept a function: its row exists, and no assistant uses it.
    """

    added: list[str] = dataclasses.field(default_factory=list)
    refreshed: list[str] = dataclasses.field(default_factory=list)
    taken: list[str] = dataclasses.field(default_factory=list)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """A server's listing: its tools' names by how they differ from what staff accepted."""

    new: list[str]
    accepted: list[str]
    changed: list[str]
    gone: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class ToolTrial:
    result: ToolResult
    seconds: float


def sync_tools() -> SyncReport:
    """Create rows for all registered functions and definitions of the provider. Settings of staff stay.

    Functions may run at once unless they ask; the provider's tools cost money, so staff switch them on. Nothing is
    done if the functions are the same as at the last start and all have their rows.
    """
    report = SyncReport()
    _sync_provided(report)
    stamp = Path(settings.DATA_DIR) / STAMP
    names = set(registry.registered())
    known = set(ToolDefinition.objects.filter(kind=Kind.PYTHON).values_list("target", flat=True))
    fingerprint = registry.fingerprint()
    if names <= known and stamp.is_file() and stamp.read_text() == fingerprint:
        return report
    _sync_python(report)
    stamp.write_text(fingerprint)
    return report


def refresh_listing(*, server: McpServer, user: User | None = None) -> Listing:
    """Fetch an MCP server's listing and store it. `user`'s sign-in is used if each person has their own.

    Raises:
        OperationError: it could not be asked; what was known stays.
    """
    try:
        found = async_to_sync(mcp.list_tools)(server, user_id=user.id if user else None)
    except SignInNeeded:
        raise OperationError(
            "sign_in", _("Sign in at this server first: each person needs their own sign-in.")
        ) from None
    except Exception as error:
        log.warning("mcp_listing_failed", server=server.name, error=type(error).__name__)
        raise OperationError("unreachable", _listing_words(error), status=502) from None
    server.listing, server.listed_at = found, timezone.now()
    McpServer.objects.filter(pk=server.pk).update(listing=found, listed_at=server.listed_at)
    return compare(server)


def refresh_listings() -> list[str]:
    """Fetch the listings of all servers without personal sign-in; return accepted tools that changed or are gone."""
    drifted = []
    servers = McpServer.objects.filter(enabled=True).exclude(auth=McpServer.Auth.OAUTH)
    # The server with the oldest listing comes first: one run may be too short for all.
    for server in in_time(servers.order_by(F("listed_at").asc(nulls_first=True), "name")):
        try:
            found = refresh_listing(server=server)
        except OperationError:
            continue  # it is in the log; the stored listing stays
        drifted += [f"{server.name}/{name}" for name in (*found.changed, *found.gone)]
    return drifted


def compare(server: McpServer) -> Listing:
    """Compare a server's last listing with what staff accepted."""
    offered = {entry["name"]: entry["digest"] for entry in server.listing}
    pinned = dict(server.tools.values_list("target", "pinned_digest"))
    return Listing(
        new=[name for name in offered if name not in pinned],
        accepted=[name for name in offered if pinned.get(name) == offered[name]],
        changed=[name for name in offered if name in pinned and pinned[name] != offered[name]],
        gone=sorted(name for name in pinned if name not in offered),
    )


@transaction.atomic
def accept_tools(*, server: McpServer, names: Iterable[str]) -> list[ToolDefinition]:
    """Accept tools as the last listing has them; new ones get a row that asks before it runs.

    Raises:
        OperationError: the listing has no such tool.
    """
    offered = {entry["name"]: entry for entry in server.listing}
    return [_accepted(server, offered.get(name)) for name in names]


def try_tool(*, tool: ToolDefinition, given: dict[str, Any], user: User) -> ToolTrial:
    """Run a tool once for staff, even a disabled one, and return its result and how long it took."""
    context = ToolContext(user_id=user.id, language=user.language or "en")
    began = time.monotonic()
    result = async_to_sync(run_tool)(tool, given, context, trial=True)
    return ToolTrial(result, time.monotonic() - began)


def _sync_provided(report: SyncReport) -> None:
    for name, (title, options) in PROVIDED.items():
        fields = {"kind": Kind.SERVER, "title": title, "options": options, "approval": Approval.ALLOW}
        _row, created = ToolDefinition.objects.get_or_create(name=name, defaults={**fields, "enabled": False})
        if created:
            report.added.append(name)


@transaction.atomic
def _sync_python(report: SyncReport) -> None:
    rows = {row.target: row for row in ToolDefinition.objects.filter(kind=Kind.PYTHON)}
    taken = set(ToolDefinition.objects.values_list("name", flat=True))
    for name, tool in registry.registered().items():
        of_code = {
            "description": tool.sdk.description,
            "input_schema": tool.sdk.input_schema,
            "strict": tool.strict,
        }
        if fault := definition_fault({"name": name, **of_code}):
            report.refused[name] = fault_text(fault)
        row = rows.get(name)
        if row is not None:
            _refresh(row, of_code, report)
        elif name in taken:
            report.taken.append(name)
        else:
            approval = Approval.ASK if tool.asks else Approval.ALLOW
            fields = {"title": tool.title, "target": name, "approval": approval, **of_code}
            ToolDefinition.objects.create(name=name, kind=Kind.PYTHON, **fields)
            report.added.append(name)


def _refresh(row: ToolDefinition, of_code: dict[str, Any], report: SyncReport) -> None:
    """Update the description and schema from the code; title, approval and switch stay as staff set them."""
    changed = [field for field, value in of_code.items() if getattr(row, field) != value]
    if not changed:
        return
    for field in changed:
        setattr(row, field, of_code[field])
    row.save(update_fields=changed)
    report.refreshed.append(row.name)


def _accepted(server: McpServer, entry: dict[str, Any] | None) -> ToolDefinition:
    if entry is None:
        raise not_found()
    row = server.tools.filter(target=entry["name"]).first()
    if row is None:
        row = ToolDefinition(
            server=server,
            kind=Kind.MCP,
            target=entry["name"],
            name=_free_name(server, entry["name"]),
            title=entry["name"][:80],
            approval=Approval.ASK,
        )
    row.description, row.input_schema = entry["description"], entry["input_schema"]
    row.pinned_digest = entry["digest"]
    row.save()
    return row


def _free_name(server: McpServer, remote: str) -> str:
    """Return a tool's name for models: with its server's name first, cut to the limit, numbered if it is taken."""
    plain = NOT_IN_NAMES.sub("_", f"{server.name}_{remote}")[:64]
    if not ToolDefinition.objects.filter(name=plain).exists():
        return plain
    return f"{plain[:55]}_{hashlib.sha256(remote.encode()).hexdigest()[:8]}"


def _listing_words(error: Exception) -> str:
    """Return what staff can do about a failure."""
    words = {
        "EgressRefused": _("This address can’t be called. Only public https addresses are allowed."),
        "ResponseTooLarge": _("The server’s list is too long."),
        "TimeoutError": _("The server did not answer in time."),
    }
    return words.get(type(error).__name__, _("Could not connect to the server, or it does not support MCP."))
