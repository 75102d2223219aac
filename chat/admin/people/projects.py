"""Projects: whose, with whom they are shared, and how large. Staff hand them over and archive them.

Only superusers see names, instructions, memories and documents, and each view is logged.
"""

from collections.abc import Iterable
from typing import Any

import structlog
from django import forms
from django.contrib import admin, messages
from django.db.models import Count, F, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from chat import access
from chat.admin.base import AT_ONCE, ReadOnly, back_to, done, preformatted
from chat.admin.diagnostics.conversations import ContentList, log_reading, may_read_content
from chat.admin.history import in_words
from chat.models import Conversation, Project, ProjectDocument, ProjectMember
from chat.models.transcript.conversations import listed
from chat.operations.accounts.account_mail import notify_project_handed_over
from chat.operations.errors import OperationError
from chat.operations.projects.governance import archive_project, hand_over_project

log = structlog.get_logger(__name__)


class HandOverForm(BaseDialogForm):
    email = forms.EmailField(label=_("Email of the new owner"), widget=UnfoldAdminEmailInputWidget())


HAND_OVER = {
    "title": _("Hand over this project?"),
    "description": _(
        "The new owner gets the project with its documents, which count as their stored files. The earlier owner "
        "stays as an editor while their account is active. Conversations stay with the people who began them."
    ),
    "form_class": HandOverForm,
    "form_submit_text": _("Hand over"),
}


class OwnerFilter(admin.SimpleListFilter):
    """Finds the projects of people who left."""

    title = _("owner")
    parameter_name = "owner_account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("active", _("active account")), ("left", _("deactivated account")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Project]) -> QuerySet[Project]:
        wanted = {"active": True, "left": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(owner__is_active=wanted)


@admin.register(Project)
class ProjectAdmin(ReadOnly, ContentList):
    empty_text = _("No projects yet. People begin them in the chat.")
    content_kind = "project"
    keeps_history = True  # of what staff did
    list_display = (
        "short_id",
        "shown_name",
        "owner",
        "member_count",
        "document_count",
        "tokens",
        "conversation_count",
        "last_used",
        "archived",
    )
    list_filter = ("archived", OwnerFilter, "assistant")
    list_select_related = ("owner",)
    ordering = ("-id",)
    search_help_text = _("Owner, a person or group it is shared with, or id")
    actions = ("archive_selected", "unarchive_selected")
    actions_detail = ("hand_over", "archive", "unarchive")
    readonly_fields = (
        *("id", "created_at", "updated_at", "last_used", "shown_name", "shown_members", "shown_documents"),
        *("tokens", "conversations_link", "shown_instructions", "shown_memory"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        own_chats = Conversation.objects.filter(listed(), project=OuterRef("pk"))
        rows: QuerySet[Project] = super().get_queryset(request)
        rows = rows.annotate(
            member_count=_count(ProjectMember.objects.filter(project=OuterRef("pk"))),
            document_count=_count(ProjectDocument.objects.filter(project=OuterRef("pk"))),
            conversation_count=_count(own_chats),
            last_used_at=Subquery(
                own_chats.order_by().values("project").annotate(at=Max("last_message_at")).values("at")
            ),
        )
        return rows.defer("instructions", "memory")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        people = ("owner__email", "members__person__email", "=members__group__name")
        return ("=id", *people, *(("name",) if may_read_content(request) else ()))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        other = "short_id" if may_read_content(request) else "shown_name"
        return tuple(name for name in self.list_display if name != other)

    def get_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[Any, ...]:
        about = (("id", "owner"), ("assistant", "archived"), ("created_at", "updated_at", "last_used"))
        held = ("shown_members", ("tokens", "conversations_link"), "shown_documents")
        if not may_read_content(request):
            return (*about, *held)
        return ("shown_name", "description", *about, *held, "shown_instructions", "shown_memory")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        project = super().get_object(request, object_id, from_field)
        if project is None:
            return None
        project.may_be_read = may_read_content(request)
        if project.may_be_read:
            log_reading(request, "project", project.pk)
        else:
            project.name = ""  # the page's heading prints it
        return project

    def has_govern_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return bool(request.user.has_perm("chat.change_project"))

    def has_archive_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self._may_set_archived(request, object_id, archived=True)

    def has_unarchive_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self._may_set_archived(request, object_id, archived=False)

    def _may_set_archived(self, request: HttpRequest, object_id: object, *, archived: bool) -> bool:
        """Return whether the action changes the project of a page, or may change those of a list."""
        rows = Project.objects.filter(pk=access.as_id(object_id), archived=not archived)
        return self.has_govern_permission(request) and (object_id is None or rows.exists())

    @action(
        description=_("Hand over"),
        permissions=["govern"],
        url_path="hand-over",
        icon="move_up",
        dialog=HAND_OVER,
    )
    def hand_over(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        user: Any = request.user
        try:
            project, earlier = hand_over_project(
                by=user, project_id=object_id, email=form.cleaned_data["email"]
            )
        except OperationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return done(request, self)
        if project.owner_id != user.pk:
            notify_project_handed_over(project=project, earlier=earlier)
        told = {"earlier": earlier.email, "owner": project.owner.email}
        self._log(request, project, [{"handed over": told}])
        people = {"earlier": str(earlier.pk), "owner": str(project.owner_id)}
        log.info("project_handed_over", by=str(user.pk), project=str(project.pk), **people)
        self.message_user(request, _("The project now belongs to %(owner)s.") % told)
        return done(request, self)

    @action(
        description=_("Archive"), permissions=["archive"], url_path="archive", icon="archive", attrs=AT_ONCE
    )
    def archive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._archived_one(request, object_id, archived=True)

    @action(
        description=_("Unarchive"),
        permissions=["unarchive"],
        url_path="unarchive",
        icon="unarchive",
        attrs=AT_ONCE,
    )
    def unarchive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._archived_one(request, object_id, archived=False)

    @admin.action(description=_("Archive the selected projects"), permissions=["govern"])
    def archive_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._set_archived(request, queryset.filter(archived=False), archived=True)

    @admin.action(description=_("Unarchive the selected projects"), permissions=["govern"])
    def unarchive_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._set_archived(request, queryset.filter(archived=True), archived=False)

    def _archived_one(self, request: HttpRequest, object_id: str, *, archived: bool) -> HttpResponse:
        project = self.get_queryset(request).filter(pk=access.as_id(object_id)).first()
        if project is not None and request.method == "POST":
            self._set_archived(request, [project], archived=archived)
        return back_to(self, project)

    def _set_archived(self, request: HttpRequest, projects: Iterable[Project], *, archived: bool) -> None:
        changed = [archive_project(project_id=project.pk, archived=archived) for project in projects]
        for project in changed:
            self._log(request, project, "archived" if archived else "unarchived")
        words = (
            ngettext("%(count)d project was archived.", "%(count)d projects were archived.", len(changed))
            if archived
            else ngettext(
                "%(count)d project was unarchived.", "%(count)d projects were unarchived.", len(changed)
            )
        )
        self.message_user(request, words % {"count": len(changed)})

    def _log(self, request: HttpRequest, project: Project, change: Any) -> None:
        """Note a change in the admin's log, which names rows as they are written: by the id instead of the name."""
        project.name = str(project.pk)
        self.log_change(request, project, change)

    @display(description=_("id"))
    def short_id(self, project: Project) -> str:
        return f"{str(project.id)[:13]}…"

    @display(description=_("name"), ordering="name")
    def shown_name(self, project: Project) -> str:
        return project.name

    @display(description=_("shared with"), ordering="member_count")
    def member_count(self, project: Any) -> int:
        return int(project.member_count)

    @display(description=_("documents"), ordering="document_count")
    def document_count(self, project: Any) -> int:
        return int(project.document_count)

    @display(description=_("tokens"), ordering="document_tokens")
    def tokens(self, project: Project) -> str:
        return f"{project.document_tokens:,}"

    @display(description=_("conversations"), ordering="conversation_count")
    def conversation_count(self, project: Any) -> int:
        return int(project.conversation_count)

    @display(description=_("last used"), ordering=F("last_used_at").asc(nulls_first=True))
    def last_used(self, project: Any) -> str:
        return in_words(project.last_used_at)

    @display(description=_("shared with"))
    def shown_members(self, project: Project) -> SafeString | str:
        members = project.members.select_related("person", "group").order_by("id")
        return _lines((_link(one.person or one.group), one.get_role_display()) for one in members)

    @display(description=_("documents"))
    def shown_documents(self, project: Any) -> SafeString | str:
        """Return the documents; without the right to read them, their ids stand for their names."""
        rows = project.documents.in_order().select_related("attachment").defer("attachment__text")
        return _lines(
            (
                _link(one.attachment, None if project.may_be_read else str(one.attachment_id)),
                _("%(tokens)s tokens") % {"tokens": f"{one.tokens:,}"},
            )
            for one in rows
        )

    @display(description=_("conversations"))
    def conversations_link(self, project: Any) -> SafeString:
        address = reverse("admin:chat_conversation_changelist") + f"?project__id__exact={project.id}"
        return format_html('<a class="text-link" href="{}">{}</a>', address, project.conversation_count)

    @display(description=_("instructions"))
    def shown_instructions(self, project: Project) -> SafeString:
        return preformatted(project.instructions)

    @display(description=_("memory"))
    def shown_memory(self, project: Project) -> SafeString:
        return preformatted(project.memory)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """Return the number of these rows of an outer project. A join would multiply them by the rows of others."""
    counted = rows.order_by().values("project").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _link(row: Any, words: str | None = None) -> SafeString:
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', address, words or str(row))


def _lines(rows: Iterable[tuple[Any, Any]]) -> SafeString | str:
    return format_html_join("", '<span class="block">{} · {}</span>', rows) or "-"
