"""The import map of the chat page, made from the folder static/chat.

Each module is imported by a bare name, "parley/" and its path, so that the server may add hashes to file names.
"""

import json
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

FOLDER: Path = settings.BASE_DIR / "static" / "chat"
# Classic scripts, loaded by <script> elements of their own.
CLASSIC_FOLDERS = frozenset({"admin", "classic"})
LIBRARIES = {
    "marked": "vendor/marked/marked.esm.js",
    "dompurify": "vendor/dompurify/purify.es.mjs",
}
# Loaded only when there is code to highlight.
LAZY = {"highlight": "vendor/highlight/es/highlight.min.js"}
ENTRY = "parley/main.js"
# The entry of pages on which a conversation is only read. It loads a few of the chat's modules.
READER = "parley/reader.js"


def own_modules(folder: Path = FOLDER) -> list[str]:
    """Return the path of each module below the folder, sorted; classic scripts are left out."""
    paths = (path.relative_to(folder) for path in folder.rglob("*.js"))
    return sorted(path.as_posix() for path in paths if path.parts[0] not in CLASSIC_FOLDERS)


def import_map() -> dict[str, str]:
    """Return the address of each module by its bare name, as the static files storage serves it."""
    own = {f"parley/{path}": f"chat/{path}" for path in own_modules()}
    return {name: static(path) for name, path in {**own, **LIBRARIES, **LAZY}.items()}


@register.simple_tag(takes_context=True)
def browser_modules(context: template.Context, entry: str = ENTRY) -> SafeString:
    """Write the import map, a preload hint for each module that is not lazy, and the entry module."""
    text, hints, addresses = _elements() if settings.DEBUG else _cached_elements()
    return format_html(
        '<script type="importmap" nonce="{}">{}</script>\n{}\n'
        '<script type="module" blocking="render" src="{}"></script>',
        str(context.get("CSP_NONCE", "")),
        text,
        hints if entry == ENTRY else "",
        addresses[entry],
    )


def _elements() -> tuple[SafeString, SafeString, dict[str, str]]:
    addresses = import_map()
    preloaded = [(address,) for name, address in addresses.items() if name not in LAZY | {READER: ""}]
    # Addresses come from staticfiles; the escape keeps "<" from ending the script element all the same.
    text = json.dumps({"imports": addresses}, indent=1).replace("<", "\\u003c")
    return (
        mark_safe(text),  # noqa: S308
        format_html_join("\n", '<link rel="modulepreload" href="{}">', preloaded),
        addresses,
    )


# Files don't change while a process serves them; with DEBUG they do.
_cached_elements = cache(_elements)
