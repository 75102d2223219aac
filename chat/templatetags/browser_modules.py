"""The import map: every browser module by its bare name, so that hashed file names stay the server's business."""

import json

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

OWN = (
    "components/answer",
    "components/attachments",
    "components/chat",
    "components/composer",
    "components/connection",
    "components/dialogs",
    "components/elements",
    "components/gauge",
    "components/menus",
    "components/outgoing",
    "components/scroll",
    "components/shortcuts",
    "components/sidebar",
    "components/theme",
    "components/thinking",
    "components/thread",
    "components/tool_card",
    "lib/browser",
    "lib/code",
    "lib/markdown",
    "lib/markdown_stream",
    "lib/page",
    "lib/page_socket",
    "lib/sanitize",
    "lib/socket",
    "lib/upload",
    "main",
    "models/backoff",
    "models/citations",
    "models/drafts",
    "models/follower",
    "models/fullness",
    "models/keys",
    "models/markdown_blocks",
    "models/notices",
    "models/outbox",
    "models/turn_state",
    "models/uploads",
)
VENDOR = {
    "marked": "vendor/marked/marked.esm.js",
    "dompurify": "vendor/dompurify/purify.es.mjs",
}
# Fetched only when there is code to colour.
LAZY = {"highlight": "vendor/highlight/es/highlight.min.js"}
ENTRY = "parley/main.js"


def import_map() -> dict[str, str]:
    own = {f"parley/{name}.js": f"chat/{name}.js" for name in OWN}
    return {name: static(path) for name, path in {**own, **VENDOR, **LAZY}.items()}


@register.simple_tag(takes_context=True)
def browser_modules(context: template.Context) -> SafeString:
    """Write the import map, hints to fetch all modules at once, and the entry."""
    addresses = import_map()
    early = [(address,) for name, address in addresses.items() if name not in LAZY]
    # Addresses come from staticfiles; "<" can't stand in them unescaped in JSON either way.
    text = json.dumps({"imports": addresses}, indent=1).replace("<", "\\u003c")
    return format_html(
        '<script type="importmap" nonce="{}">{}</script>\n{}\n'
        '<script type="module" blocking="render" src="{}"></script>',
        str(context.get("CSP_NONCE", "")),
        mark_safe(text),  # noqa: S308
        format_html_join("\n", '<link rel="modulepreload" href="{}">', early),
        addresses[ENTRY],
    )
