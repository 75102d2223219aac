"""The form field for a prompt's blocks: one row per block, with its text and cache point."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from chat.models.prompts import validate_blocks

SPARE_ROWS = 2
MAX_ROWS = 20
# A request has four breakpoints. One of them is used for the conversation.
MAX_CACHE_POINTS = 3
CACHE_POINTS = (
    ("none", _("No cache point")),
    ("5m", _("Cache point (5 min)")),
    ("1h", _("Cache point (1 h)")),
)


class BlocksWidget(forms.Widget):
    """Rows for the existing blocks and a few empty ones. Value: [{"text": str, "cache": str}, …]."""

    template_name = "admin/widgets/blocks.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        blocks = [*(value or []), *({"text": "", "cache": "none"} for _spare in range(SPARE_ROWS))]
        context["rows"] = [
            {
                "number": number,
                "text": UnfoldAdminTextareaWidget().render(
                    f"{name}_{number}_text",
                    block["text"],
                    {"rows": 4, "aria-label": _("Block %(number)d") % {"number": number + 1}},
                ),
                "cache": UnfoldAdminSelectWidget(choices=CACHE_POINTS).render(
                    f"{name}_{number}_cache",
                    block.get("cache", "none"),
                    {"aria-label": _("Cache point of block %(number)d") % {"number": number + 1}},
                ),
            }
            for number, block in enumerate(blocks[:MAX_ROWS])
        ]
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
        return f"{name}_0_text" not in data

    def id_for_label(self, id_: str) -> str:
        return ""


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
