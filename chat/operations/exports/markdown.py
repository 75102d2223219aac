"""A conversation as Markdown for people: the path that the page shows, from its beginning."""

import dataclasses
from collections.abc import Iterator
from typing import IO, Any

from django.utils import formats, timezone
from django.utils.html import escape
from django.utils.translation import gettext as _

from chat.models import Attachment, Conversation, Message
from chat.operations.conversations.rows import read_in_pieces
from chat.presentation.blocks import shown_blocks
from chat.presentation.messages import model_name
from chat.readers.exports.values import fenced


def write_markdown(conversation: Conversation, target: IO[bytes], *, thinking: bool = False) -> None:
    """Write the path to the active leaf; with `thinking` the model's thoughts too, folded as tool calls are."""
    target.write(f"# {_line(str(conversation))}\n".encode())
    writer = _Writer(_names_of_files(conversation), thinking)
    if conversation.active_leaf_id is None:
        return
    path = Message.objects.path_to(conversation.active_leaf_id).select_related("turn__model")
    for message in read_in_pieces(path.defer("text", "context")):
        for part in writer.parts(message):
            target.write(f"\n{part}\n".encode())


def _names_of_files(conversation: Conversation) -> dict[str, str]:
    files = Attachment.objects.filter(messages__conversation=conversation)
    return {str(key): name for key, name in files.values_list("id", "name")}


@dataclasses.dataclass(slots=True)
class _Writer:
    """Turns messages into parts. An answer of several rounds has one heading."""

    names: dict[str, str]
    thinking: bool
    turn: Any = None

    def parts(self, message: Message) -> Iterator[str]:
        match message.kind:
            case Message.Kind.RESULTS:
                yield from self._results(message)
            case Message.Kind.CONTINUE:
                return
            case Message.Kind.SUMMARY:
                if message.content:
                    yield _folded(_("Earlier messages were summarised"), _texts(message.content))
            case _:
                yield from self._said(message)

    def _said(self, message: Message) -> Iterator[str]:
        heading = self._heading(message)
        if heading:
            yield heading
        for block in message.content:
            yield from self._block(block)

    def _heading(self, message: Message) -> str:
        """Return who speaks and when; "" for a further round of the same answer."""
        if message.role == Message.Role.USER:
            name, self.turn = _("You"), None
        elif message.turn_id is not None and message.turn_id == self.turn:
            return ""
        else:
            name, self.turn = model_name(message.turn, message) or _("Answer"), message.turn_id
        when = formats.date_format(timezone.localtime(message.created_at), "DATETIME_FORMAT")
        return f"## {_line(name)} · {when}"

    def _block(self, block: dict[str, Any]) -> Iterator[str]:
        kind = block.get("type")
        if kind == "text":
            if str(block.get("text", "")).strip():
                yield str(block["text"]) + _sources(block)
        elif kind in ("image", "document"):
            source = block.get("source")
            name = self.names.get(str(source.get("attachment"))) if isinstance(source, dict) else None
            attached = _("Attached: %(name)s") % {"name": _line(name or "?")}
            yield f"*{attached}*"
        elif kind == "thinking":
            if self.thinking and str(block.get("thinking", "")).strip():
                yield _folded(_("Thought process"), str(block["thinking"]))
        elif kind not in ("redacted_thinking", "compaction"):
            yield from _step(block)

    def _results(self, message: Message) -> Iterator[str]:
        for block in message.content:
            content = block.get("content")
            yield _folded(_("Result"), fenced(content if isinstance(content, str) else _texts(content)))


def _step(block: dict[str, Any]) -> Iterator[str]:
    """Yield a tool call, or what a tool of the provider found, folded."""
    for shown in shown_blocks([block]):
        if shown["type"] == "sources":
            lines = (f"- [{_line(one['title'])}](<{one['url']}>)" for one in shown["sources"])
            yield _folded(str(shown["name"]), "\n".join(lines))
            continue
        name = str(shown.get("title") or shown.get("name") or "")
        parts = [fenced(str(shown["value"]))] if str(shown["value"]).strip() else []
        if shown.get("result"):
            parts.append(fenced(str(shown["result"])))
        yield _folded(name, "\n\n".join(parts))


def _sources(block: dict[str, Any]) -> str:
    """Return the web pages that a text cites, as links behind it."""
    citations = block.get("citations")
    urls = {
        str(one["url"]): str(one.get("title") or one["url"])
        for one in (citations if isinstance(citations, list) else [])
        if isinstance(one, dict) and str(one.get("url") or "").startswith(("https://", "http://"))
    }
    return "".join(f" ([{_line(title)}](<{url}>))" for url, title in urls.items())


def _folded(summary: str, body: str) -> str:
    return f"<details>\n<summary>{escape(_line(summary))}</summary>\n\n{body}\n\n</details>"


def _texts(content: Any) -> str:
    parts = content if isinstance(content, list) else []
    return "\n".join(
        str(part.get("text") or f"[{part.get('type')}]") for part in parts if isinstance(part, dict)
    )


def _line(text: str) -> str:
    return " ".join(text.split())
