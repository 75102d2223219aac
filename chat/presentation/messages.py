"""The contexts of the templates that show an entry of a thread, an answer's place, or a turn without an answer."""

import dataclasses
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chat.models import ApiCall, LanguageModel, Message, Turn
from chat.presentation.blocks import arrived_blocks, fenced_json, shown_blocks
from chat.presentation.citations import Marks, join_texts
from chat.presentation.endings import NOTHING, Ending, Extent, ending
from chat.presentation.feedback import feedback_buttons
from chat.presentation.fragments import fragment
from chat.presentation.receipt import CostDetail, receipt_of
from chat.presentation.steps import with_steps
from chat.presentation.thread import Thread
from chat.presentation.thread_entries import Entry

# A longer text of a person begins folded, and a browser does not lay it out (static/chat/thread/long_message.js).
_LAID_OUT_CHARACTERS = 20_000
_MESSAGE = "chat/message/_message.html"


def entry_html(entry: Entry, thread: Thread) -> SafeString:
    """Return an entry of a thread as pages show it. What is finished and has no files is kept."""
    context = entry_context(entry, thread)
    if context["files_of"] is not None or context.get("live"):
        return render_to_string(_MESSAGE, context)
    return fragment(_MESSAGE, context)


def entry_context(entry: Entry, thread: Thread) -> dict[str, Any]:
    """Return what chat/message/_message.html shows of one entry of a thread.

    Its values are plain ones, but for `state` of an answer that is being written, and `files_of`: the message and the
    thread of an entry with files, else None.
    """
    versions = thread.siblings.get(entry.first.id, [entry.first.id])
    place = versions.index(entry.first.id)
    return {
        "conversation": {"id": thread.conversation.id},
        "read_only": thread.read_only,
        "for_readers": thread.for_readers,
        "message": _plain_message(entry.last),
        "files_of": (entry.last, thread) if thread.files.get(entry.last.id) else None,
        "leaf_id": entry.leaf_id,
        "parent_id": entry.first.parent_id,
        "versions": len(versions),
        "place": place + 1,
        "previous": versions[place - 1] if place else None,
        "following": versions[place + 1] if place + 1 < len(versions) else None,
        **(_answer_context(entry, thread) if entry.is_answer else _person_context(entry)),
    }


@dataclasses.dataclass(frozen=True, slots=True)
class AnswerVersion:
    """One of several answers to a message: a page that has nothing else, and the ledger rows of its turn."""

    page: Thread
    calls: list[ApiCall]
    costs: CostDetail


def version_context(version: AnswerVersion) -> dict[str, Any]:
    """Return the context of an answer as a column of a comparison; `choice` names who answered."""
    entry, calls = version.page.entries[-1], version.calls
    return {
        **entry_context(entry, version.page),
        "choice": _choice_of(calls[-1]) if calls else "",
        "receipt": receipt_of(entry.messages, calls, version.costs) if calls else None,
    }


def _choice_of(call: ApiCall) -> str:
    """Return the picker's value for whom a call asked."""
    return _choice(call.assistant_id, call.model_id)


def _choice(assistant: object, model: object) -> str:
    return f"assistant:{assistant}" if assistant else f"model:{model}"


def _asked_next(turn: Turn) -> str | None:
    """Return the picker's values of those who answer after a turn, "" for the last one; None outside of comparisons."""
    if turn.compare_with is None:
        return None
    return " ".join(_choice(one["assistant"], one["model"]) for one in turn.compare_with)


def placeholder_context(turn: Turn) -> dict[str, Any]:
    """Return the context of an answer that has no message yet."""
    return {
        "message": None,
        "parent_id": turn.user_message_id,
        "turn": turn,
        "model_name": model_name(turn),
        "heading": answer_heading(model_name(turn)),
        "live": True,
        "asked_next": _asked_next(turn),
        "blocks": [],
    }


def unanswered_context(turn: Turn, other: LanguageModel | None, *, staff: bool) -> dict[str, Any]:
    """Return the context of a turn that ended without an answer; `other` can be asked after a refusal."""
    shown = turn_ending(turn, other, NOTHING, staff=staff)
    name = model_name(turn)
    return {
        "turn": turn,
        "ending": shown,
        "other": other,
        "model_name": name,
        "heading": answer_heading(name),
    }


def turn_ending(turn: Turn, other: LanguageModel | None, extent: Extent, *, staff: bool) -> Ending | None:
    """Return the words for how a turn ended, None while it goes on.

    Only staff get the technical detail: the upstream chose its words.
    """
    found = ending(
        turn.status,
        turn.stop_reason,
        turn.error_code,
        turn.error_detail,
        other.display_name if other else "",
        extent=extent,
    )
    return found if staff or found is None else dataclasses.replace(found, technical="")


def model_name(turn: Turn | None, message: Message | None = None) -> str:
    """Return the name of the model that answers in a turn, as people read it; "" if it is not known any more."""
    if turn is not None and turn.model is not None:
        return turn.model.display_name
    return message.model_name if message is not None else ""


def answer_heading(model: str) -> str:
    """Return the heading of an answer, which screen readers tell."""
    return _("%(model)s answered") % {"model": model} if model else _("Answer")


def empty_blocks() -> list[dict[str, Any]]:
    """Return one empty open block of each kind; scripts copy their markup when a block begins."""
    kinds = ("text", "thinking", "tool_use", "compaction", "steps")
    return [{"index": "", "type": kind, "name": "", "value": "", "open": kind != "steps"} for kind in kinds]


def _plain_message(message: Message) -> dict[str, Any]:
    # Of other kinds the blocks are shown.
    text = message.text if message.kind == Message.Kind.SUMMARY else ""
    return {
        "id": message.id,
        "role": message.role,
        "kind": message.kind,
        "parent_id": message.parent_id,
        "text": text,
    }


def _person_context(entry: Entry) -> dict[str, Any]:
    blocks = shown_blocks(entry.last.content)
    return {"blocks": [{**block, "long": len(block["value"]) > _LAID_OUT_CHARACTERS} for block in blocks]}


def _answer_context(entry: Entry, thread: Thread) -> dict[str, Any]:
    turn, live = entry.turn, thread.is_live(entry.last)
    other = thread.other_models.get(turn.id) if turn is not None and not live else None
    blocks = _answer_blocks(entry, thread)
    shown = None
    if turn is not None and not live and not entry.continued:
        shown = turn_ending(turn, other, entry.extent, staff=thread.for_staff)
    return {
        "turn": {"id": turn.id, "filled_context": turn.filled_context} if turn is not None else None,
        "model_name": (name := model_name(turn, entry.last)),
        "heading": answer_heading(name),
        "live": live,
        "state": thread.state if live else None,
        "asked_next": _asked_next(turn) if turn is not None and live else None,
        "blocks": with_steps(blocks),
        "notices": _notices(turn, after=None),
        "ending": dataclasses.asdict(shown) if shown is not None else None,
        "can_continue": turn is not None and _can_continue(turn, entry.extent),
        "other": {"id": other.id, "display_name": other.display_name} if other is not None else None,
        "has_text": entry.extent.text,
        **({} if live else feedback_buttons(entry.last.id, thread.feedback.get(entry.last.id))),
    }


def _can_continue(turn: Turn, extent: Extent) -> bool:
    """Return whether Continue does anything else than Retry does."""
    return turn.can_continue and turn.output_schema is None and extent.can_be_continued


def _answer_blocks(entry: Entry, thread: Thread) -> list[dict[str, Any]]:
    """Return the blocks of all messages of an answer; their citations are numbered through.

    Where an interrupted message was continued stands a block {"type": "became", "notice": the lasting notice};
    not where nothing of the message was kept, for there the answer began anew.
    """
    numbers: dict[str, int] = {}
    blocks: list[dict[str, Any]] = []
    for message in entry.messages:
        shown = _message_blocks(message, thread, Marks(message.id, numbers))
        blocks += [{**block, "message": str(message.id)} for block in shown]
        if shown:
            blocks += [
                {"type": "became", "notice": one} for one in _notices(entry.turn, after=str(message.id))
            ]
    return blocks


def _notices(turn: Turn | None, *, after: str | None) -> list[dict[str, str]]:
    """Return a turn's lasting notices about the interrupted message `after`, or those about no message."""
    return [one for one in turn.notices if one.get("after") == after] if turn is not None else []


def _message_blocks(message: Message, thread: Thread, marks: Marks) -> list[dict[str, Any]]:
    """Return the blocks of a message; a message that is being written shows its durable events."""
    if message.status == Message.Status.STREAMING and thread.active_turn and thread.state:
        arrived = [block for block in thread.state.blocks if block["message"] == str(message.id)]
        return join_texts(arrived_blocks(arrived), marks, live=True)
    calls = thread.tool_calls.get(message.id, {})
    blocks = shown_blocks(message.content, calls, marks, message.thinking_seconds)
    if not message.turn or message.turn.output_schema is None:
        return blocks
    # The answer is JSON: as prose its characters would be read as formatting. Copy takes it as it came.
    return [
        {**block, "raw": block["value"], "value": fenced_json(block["value"])}
        if block["type"] == "text"
        else block
        for block in blocks
    ]
