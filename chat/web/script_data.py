"""What the scripts of every page with messages need: texts, and where formulas and diagrams come from."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation

from chat.web.strings import script_strings


def message_data() -> dict[str, Any]:
    """Return the part of a page's data that static/chat/markdown reads, in the active language."""
    return {
        "strings": script_strings(),
        "language": translation.get_language(),
        "diagram_frame": reverse("diagram_frame"),
        "katex_style": static("vendor/katex/katex.min.css"),
    }
