"""The form field for a prompt's blocks: one row per block, with its text and cache point."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from chat.models.catalogue.prompts import validate_blocks

MAX_ROWS = 20
# The browser's code fills these in for blocks that are added.
BLOCK = gettext_noop("Block %(number)d")
CACHE = gettext_noop("Cache point after block %(number)d")
COUNT = gettext_noop("≈ %(count)s tokens up to here")
EMPTY = {"text": "", "cache": "none"}
# A request has four breakpoints. One of them is used for the conversation.
MAX_CACHE_POINTS = 3
CACHE_POINTS = (
    ("none", _("No cache point")),
    ("5m", _("Cache point (5 min)")),
    ("1h", _("Cache point (1 h)")),
)


class BlocksWidget(forms.Widget):
    """An editor of the blocks, and the template of one more. Value: [{"text": str, "cache": str}, …]."""

    template_name = "admin/widgets/blocks.html"

    class Media:
        js = ("chat/admin/prompt_blocks.js",)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        blocks = [*(value or [EMPTY])][:MAX_ROWS]
        context["rows"] = [_row(name, number, block) for number, block in enumerate(blocks)]
        context["empty_row"] = _row(name, 0, EMPTY)
        context["most"] = MAX_ROWS
        context["words"] = {"block": gettext(BLOCK), "cache": gettext(CACHE), "count": gettext(COUNT)}
        return context

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        # The default form renderer does not find the project's templates.
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def value_from_datadict(
        self, data: Any, files: MultiValueDict[str, Any], name: str
    ) -> list[dict[str, str]]:
        rows = (
            {"text": data.get(f"{name}_{row}_text", ""), "cache": data.get(f"{name}_{row}_cache", "none")}
            for row in range(MAX_ROWS)
        )
        return [{**row, "text": row["text"].replace("\r\n", "\n")} for row in rows if row["text"].strip()]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(f"{name}_{row}_text" in data for row in range(MAX_ROWS))

    def id_for_label(self, id_: str) -> str:
        return ""


def _row(name: str, number: int, block: dict[str, str]) -> dict[str, SafeString]:
    """Return the fields of one block."""
    label = {"number": number + 1}
    return {
        "text": UnfoldAdminTextareaWidget().render(
            f"{name}_{number}_text", block["text"], {"aria-label": gettext(BLOCK) % label}
        ),
        "cache": UnfoldAdminSelectWidget(choices=CACHE_POINTS).render(
            f"{name}_{number}_cache",
            block.get("cache", "none"),
            {"aria-label": gettext(CACHE) % label},
        ),
    }


class BlocksField(forms.Field):
    widget = BlocksWidget

    def validate(self, value: Any) -> None:
        validate_blocks(value)
        marks = [block["cache"] for block in value if block["cache"] != "none"]
        if len(marks) > MAX_CACHE_POINTS:
            raise ValidationError(
                _("Use at most %(number)d cache points: the conversation needs one of its own."),
                params={"number": MAX_CACHE_POINTS},
            )
        if marks != sorted(marks):  # "1h" sorts before "5m"
            raise ValidationError(_("A 1-hour cache point can’t come after a 5-minute one."))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != list(data or [])
