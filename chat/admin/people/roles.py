"""Roles: named sets of rights that a group of staff can have. Members also need the staff switch."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Permission
from django.utils.translation import gettext_lazy as _

VIEWED = (
    "apicall apikey assistant attachment budget budgetperiod conversation feedback frame languagemodel mcpgrant "
    "mcpserver memoryentry message modelprice project promptrevision providerconnection savedprompt share "
    "systemprompt toolcall tooldefinition turn turnevent user workspace"
)


@dataclass(frozen=True)
class Role:
    label: Any
    hint: Any
    rights: frozenset[str]  # codenames of permissions


def _rights(**tables: str) -> frozenset[str]:
    """Return codenames: `_rights(view="turn message")` is {"view_turn", "view_message"}."""
    return frozenset(f"{verb}_{table}" for verb, names in tables.items() for table in names.split())


ROLES = {
    "viewer": Role(
        _("Viewer"), _("Sees all tables, but no titles and no texts of people."), _rights(view=VIEWED)
    ),
    "prompts": Role(
        _("Prompt editor"),
        _("Changes assistants, prompts and tools."),
        _rights(
            view="assistant systemprompt promptrevision savedprompt tooldefinition assistanttool languagemodel "
            "mcpserver feedback",
            add="assistant systemprompt savedprompt tooldefinition assistanttool",
            change="assistant systemprompt savedprompt tooldefinition assistanttool",
            delete="assistanttool savedprompt",
        ),
    ),
    "billing": Role(
        _("Billing"),
        _("Reads the ledger, changes budgets, adds prices."),
        _rights(
            view="apicall budget budgetperiod modelprice languagemodel workspace user assistant apikey",
            add="budget modelprice",
            change="budget",
            delete="budget",
        ),
    ),
    "people": Role(
        _("People manager"),
        _(
            "Invites and deactivates people, revokes keys and shared links, ends sign-ins at servers, hands over "
            "and archives projects."
        ),
        _rights(
            view="user apikey mcpgrant share project",
            add="user",
            change="user apikey share project",
            delete="mcpgrant",
        ),
    ),
}


def held_roles(codenames: set[str]) -> list[str]:
    """Return the names of the roles whose rights are all among these."""
    return [name for name, role in ROLES.items() if role.rights <= codenames]


def with_roles(codenames: set[str], *, before: set[str], after: set[str]) -> set[str]:
    """Return the rights after roles were ticked or unticked; rights that a remaining role needs are kept."""
    kept = {right for name in after for right in ROLES[name].rights}
    removed = {right for name in before - after for right in ROLES[name].rights}
    return (codenames - removed) | kept


def permissions_of(codenames: set[str]) -> Any:
    return Permission.objects.filter(content_type__app_label="chat", codename__in=codenames)
