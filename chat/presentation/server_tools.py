"""Inputs and results of the provider's own tools in the form that templates show.

The formats are those of the Messages API's server tools. Unknown formats are shown as JSON.
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
# The main field of each tool's input.
MAIN_INPUTS = {
    "web_search": "query",
    "web_fetch": "url",
    "code_execution": "code",
    "bash_code_execution": "command",
}


def title_of(name: str) -> str:
    """Return the title of a tool; "" if it is unknown."""
    return str(TITLES.get(name, ""))


def given(block: Block) -> str:
    """Return the main input of a server_tool_use block, such as the query; "" if it has no single one."""
    asked = block.get("input")
    part = asked.get(MAIN_INPUTS.get(str(block.get("name")), "")) if isinstance(asked, dict) else None
    return part if isinstance(part, str) else ""


def found(block: Block) -> dict[str, Any] | None:
    """Return the content of a result block: {"type", "name", "value"} with "sources" or "failed"; None if unknown."""
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
            return _printed([stdout, stderr], code)
        case _, {"encrypted_stdout": _, "stderr": str(stderr), "return_code": code}:
            return _printed([_("This output is stored encrypted by the model provider."), stderr], code)
        case _, {"type": "text_editor_code_execution_create_result", "is_file_update": updated}:
            words = _("The file was overwritten.") if updated else _("The file was created.")
            return _output(_("Result"), words, failed=False)
        case _, {"type": "text_editor_code_execution_str_replace_result", "lines": list(lines)}:
            return _output(_("Changes"), "\n".join(map(str, lines)), failed=False)
        case _, {"type": "text_editor_code_execution_view_result", "content": str(text)}:
            return _output(_("File content"), text, failed=False)
    return None


def _printed(parts: list[str], code: Any) -> dict[str, Any]:
    """Return what a command printed, with its exit code if it failed."""
    printed = [part.rstrip("\n") for part in parts if part.strip()]
    text = "\n".join([*printed, *([] if code == 0 else [f"→ {code}"])])
    return _output(_("Output"), text, failed=code != 0)


def _output(name: str, text: str, *, failed: bool) -> dict[str, Any]:
    return {"type": "other", "name": name, "title": name, "value": text, "failed": failed}


def _sources(name: str, results: list[Any]) -> dict[str, Any]:
    """Return a block with the web pages as "sources": [{"title", "url", "host"}, …]."""
    pages = []
    for result in results:
        url = str(result.get("url", "")) if isinstance(result, dict) else ""
        host = urlsplit(url).hostname or "" if url.startswith(("https://", "http://")) else ""
        if host:
            pages.append({"title": str(result.get("title") or url), "url": url, "host": host})
    return {"type": "sources", "name": name, "value": "", "sources": pages}
