"""What the provider's own tools were given and found, as a reader sees it.

The shapes are those of the Messages API's server tools; what is not known here is shown as the JSON that it is.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Block = Mapping[str, Any]
TITLES = {
    "web_search": gettext_lazy("Web search"),
    "web_fetch": gettext_lazy("Web page"),
    "code_execution": gettext_lazy("Code"),
    "bash_code_execution": gettext_lazy("Command"),
    "text_editor_code_execution": gettext_lazy("File"),
}
# The one part of a tool's input that says all.
TOLD_BY = {
    "web_search": "query",
    "web_fetch": "url",
    "code_execution": "code",
    "bash_code_execution": "command",
}


def title_of(name: str) -> str:
    """Return what people call a tool; "" for one that is not known here."""
    return str(TITLES.get(name, ""))


def given(block: Block) -> str:
    """Return what a server_tool_use block asks for, in a word; "" when only its whole input says it."""
    asked = block.get("input")
    part = asked.get(TOLD_BY.get(str(block.get("name")), "")) if isinstance(asked, dict) else None
    return part if isinstance(part, str) else ""


def found(block: Block) -> dict[str, Any] | None:
    """Return what a result block brought: {"type", "name", "value"} with "sources" or "failed"; None if unknown."""
    content = block.get("content")
    match block.get("type"), content:
        case "web_search_tool_result", list():
            return _sources(_("Search results"), content)
        case _, {"type": str(kind), "error_code": code} if kind.endswith("_error"):
            return _output(_("Result"), str(code), failed=True)
        case _, {"type": "web_fetch_result", "url": url, **rest}:
            page = rest.get("content")
            title = page.get("title") if isinstance(page, dict) else None
            return _sources(_("Page content"), [{"url": url, "title": title}])
        case _, {"stdout": str(stdout), "stderr": str(stderr), "return_code": code}:
            said = [part.rstrip("\n") for part in (stdout, stderr) if part.strip()]
            return _output(
                _("Output"), "\n".join([*said, *([] if code == 0 else [f"→ {code}"])]), failed=code != 0
            )
    return None


def _output(name: str, text: str, *, failed: bool) -> dict[str, Any]:
    return {"type": "other", "name": name, "title": name, "value": text, "failed": failed}


def _sources(name: str, results: list[Any]) -> dict[str, Any]:
    """List pages: [{"title", "url", "host"}, …]; only addresses of the web."""
    pages = []
    for result in results:
        url = str(result.get("url", "")) if isinstance(result, dict) else ""
        host = urlsplit(url).hostname or "" if url.startswith(("https://", "http://")) else ""
        if host:
            pages.append({"title": str(result.get("title") or url), "url": url, "host": host})
    return {"type": "sources", "name": name, "value": "", "sources": pages}
