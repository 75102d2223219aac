"""System prompts. Saving a changed text creates a revision; earlier revisions never change."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from chat.admin.base import (
    AT_ONCE,
    BigTableAdmin,
    DeletesWrittenOnce,
    HistoryAdmin,
    ReadOnly,
    ReadOnlyInline,
    back_to,
    preformatted,
)
from chat.admin.deletion import ExplainsUse
from chat.admin.prompts.blocks_field import CACHE_POINTS, BlocksField
from chat.admin.prompts.token_counts import counted_models, counts_table
from chat.models import PromptRevision, SystemPrompt
from chat.operations.request.token_counts import count_revision
from chat.operations.staff.prompt_revisions import revise_prompt


class SystemPromptForm(forms.ModelForm):
    blocks = BlocksField(
        label=_("Prompt text"),
        help_text=_(
            "Blocks are sent in this order. Put text that rarely changes first, and set a cache point "
            "where it ends. Empty blocks are left out."
        ),
    )
    note = forms.CharField(
        label=_("Note on this change"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Why the text changed. The note is kept with the revision."),
    )

    class Meta:
        model = SystemPrompt
        fields = ("name", "description")
        widgets = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.current() if not self.instance._state.adding else None
        self.initial.setdefault("blocks", current.blocks if current else [])


class RevisionInline(ReadOnlyInline, TabularInline):
    model = PromptRevision
    fields = ("number", "created_at", "author", "note", "first_words")
    readonly_fields = fields
    verbose_name_plural = _("revisions")
    per_page = 10

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptRevision]:
        rows: QuerySet[PromptRevision] = super().get_queryset(request)
        return rows.select_related("author", "prompt").order_by("-number")

    @display(description=_("starts with"))
    def first_words(self, revision: PromptRevision) -> str:
        text = revision.blocks[0]["text"]
        return text if len(text) <= 80 else f"{text[:80]}…"


@admin.register(SystemPrompt)
class SystemPromptAdmin(ExplainsUse, HistoryAdmin, DeletesWrittenOnce):
    form = SystemPromptForm
    empty_text = _(
        "No prompts yet. A prompt tells an assistant what to do; each saved text is kept as a revision."
    )
    inlines = (RevisionInline,)
    written_once = (PromptRevision,)
    list_display = ("name", "description", "revision", "assistant_count", "created_at")
    search_fields = ("name", "description")
    ordering = ("name", "id")
    warn_unsaved_form = True
    readonly_fields = ("counts",)
    actions_detail = ("count",)
    fieldsets = (
        (None, {"fields": ("name", "description")}),
        (_("Prompt text"), {"fields": ("blocks", "note")}),
        (_("Length and caching"), {"fields": ("counts",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SystemPrompt]:
        rows: QuerySet[SystemPrompt] = super().get_queryset(request)
        return rows.annotate(newest=Max("revisions__number"), used_by=Count("assistant", distinct=True))

    def save_model(self, request: HttpRequest, obj: SystemPrompt, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "blocks" in form.cleaned_data:
            revision = revise_prompt(
                prompt=obj,
                blocks=form.cleaned_data["blocks"],
                author=request.user,  # type: ignore[arg-type]
                note=form.cleaned_data["note"],
            )
            if revision is not None and change:
                self.message_user(request, _("Saved as revision %(number)d.") % {"number": revision.number})

    @display(description=_("current text"))
    def counts(self, prompt: SystemPrompt) -> str:
        return counts_table(None if prompt._state.adding else prompt.current())

    @action(
        description=_("Count tokens"),
        permissions=["change"],
        url_path="count",
        icon="calculate",
        attrs=AT_ONCE,
    )
    def count(self, request: HttpRequest, object_id: str) -> HttpResponse:
        prompt = self.get_object(request, object_id)
        revision = prompt.current() if prompt else None
        if revision is not None and request.method == "POST":
            count_revision(revision, counted_models(revision))
            self.message_user(request, _("The tokens of the prompt were counted."))
        return back_to(self, prompt)

    @display(description=_("revision"), ordering="newest")
    def revision(self, prompt: Any) -> Any:
        return prompt.newest

    @display(description=_("assistants"), ordering="used_by")
    def assistant_count(self, prompt: Any) -> Any:
        return prompt.used_by


@admin.register(PromptRevision)
class PromptRevisionAdmin(ReadOnly, BigTableAdmin):
    list_display = ("prompt", "number", "author", "note", "created_at")
    list_filter = ("prompt",)
    list_select_related = ("prompt", "author")
    search_fields = ("prompt__name", "note")
    ordering = ("-id",)
    fields = (("prompt", "number"), ("author", "created_at"), "note", "shown_blocks", "counts")
    readonly_fields = ("shown_blocks", "counts")

    @display(description=_("Length and caching"))
    def counts(self, revision: PromptRevision) -> str:
        return counts_table(revision)

    @display(description=_("blocks"))
    def shown_blocks(self, revision: PromptRevision) -> SafeString:
        names = dict(CACHE_POINTS)
        rows = ((preformatted(block["text"]), names[block.get("cache", "none")]) for block in revision.blocks)
        return format_html("{}", format_html_join("", '<div class="mb-3">{}<em>{}</em></div>', rows))
