"""Conversations longer than a model can read: when they are summarised, by whom, and what is sent from then on.

Where the API summarises by itself (a beta) it is asked to, and its block stays in the answer. Elsewhere a message of
the kind SUMMARY is put before the person's new one, empty at first; the engine has it written before it answers.
"""

from typing import Any

from chat.claude import compaction, context_window
from chat.claude.pricing import estimate_tokens
from chat.claude.request import exact_json
from chat.models import ApiCall, LanguageModel, Message, Turn
from chat.models.fields import uuid7
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.conversations.path import path_ids


def since_summary(path: list[Message]) -> list[Message]:
    """Return the end of a path that is sent: from its last written summary on."""
    for index in reversed(range(len(path))):
        if _is_written(path[index]):
            return path[index:]
    return path


def expected_tokens(turn: Turn, leaf: Message | None) -> int:
    """Guess how long the prompt behind `leaf` is: what the last counted call left, and all that came after it.

    Three queries, however long the conversation and whatever became of its answers.
    """
    uncounted, usage = 0, None
    if leaf is not None:
        path = path_ids(leaf)
        counted, usage = _last_usage(path)
        for message in _from_below(path[: path.index(counted)] if usage else path):
            uncounted += context_window.content_tokens(message.content) + estimate_tokens(message.context)
            if _is_written(message):
                usage = None
                break
    return uncounted + (
        context_window.context_tokens(usage) if usage else estimate_tokens(exact_json(turn.frame.body))
    )


def make_room(turn: Turn) -> None:
    """Put an empty summary before a new turn's message if what came before leaves no room; in its transaction."""
    message, model = turn.user_message, turn.model
    before = message.parent
    if model is None or before is None or before.kind == Message.Kind.SUMMARY or _compacts_itself(turn):
        return
    if _is_full(turn, model, message):
        message.parent = _empty_summary(message)
        message.depth += 1
        message.save(update_fields=["parent", "depth"])


def summarised_copy(turn: Turn) -> Message:
    """Repeat a message behind a summary of all that came before it, for a context that is full.

    The first message of a conversation has nothing before it and is returned as it is.
    """
    message = turn.user_message
    if message.parent is None or message.parent.kind == Message.Kind.SUMMARY:
        return message
    summary = _empty_summary(message)
    copy = Message.objects.create(
        id=uuid7(),
        conversation=message.conversation,
        parent=summary,
        depth=summary.depth + 1,
        role=message.role,
        kind=message.kind,
        content=message.content,
        text=message.text,
        context=message.context,
    )
    copy.attachments.set(message.attachments.all())
    return copy


def with_api_compaction(request: dict[str, Any], turn: Turn, path: list[Message]) -> dict[str, Any]:
    """Let the API summarise, when the context is nearly full or it did so before."""
    model = turn.model
    if model is None or not path or not _compacts_itself(turn):
        return request
    if any(compaction.has_compaction(message.content) for message in path) or _is_full(turn, model, path[-1]):
        return compaction.with_compaction(
            request, context_window.trigger_tokens(model.max_input_tokens, turn.max_tokens)
        )
    return request


def has_room(turn: Turn, model: LanguageModel) -> bool:
    """Say whether another model could read a turn's conversation and answer it, as far as its length is known."""
    last = turn.messages.order_by("-depth", "-id").first() or turn.user_message
    return context_window.fits_context(
        expected_tokens(turn, last),
        max_input_tokens=model.max_input_tokens,
        max_tokens=answer_limit(model, turn.conversation.assistant),
    )


def _is_full(turn: Turn, model: LanguageModel, leaf: Message) -> bool:
    return context_window.must_compact(
        expected_tokens(turn, leaf), max_input_tokens=model.max_input_tokens, max_tokens=turn.max_tokens
    )


def _compacts_itself(turn: Turn) -> bool:
    """Say whether the API summarises for this model; its smallest trigger must lie below ours."""
    model = turn.model
    if model is None or not model.supports.compaction:
        return False
    return (
        context_window.trigger_tokens(model.max_input_tokens, turn.max_tokens)
        >= compaction.MIN_TRIGGER_TOKENS
    )


def _empty_summary(message: Message) -> Message:
    return Message.objects.create(
        id=uuid7(),
        conversation=message.conversation,
        parent=message.parent,
        depth=message.depth,
        role=Message.Role.USER,
        kind=Message.Kind.SUMMARY,
        content=[],
    )


def _is_written(message: Message) -> bool:
    return message.kind == Message.Kind.SUMMARY and bool(message.content)


def _last_usage(path: list[Any]) -> tuple[Any, Any]:
    """Return the lowest message of a path whose call was counted, with its usage; (None, None) without one."""
    calls = ApiCall.objects.settled().filter(
        message__in=path, purpose=ApiCall.Purpose.TURN, status="succeeded", usage__isnull=False
    )
    newest = calls.order_by("-message__depth", "-started_at", "-id").values_list("message", "usage")
    return newest.first() or (None, None)


def _from_below(identifiers: list[Any]) -> list[Message]:
    rows = Message.objects.filter(id__in=identifiers).only("kind", "content", "context").in_bulk()
    return [rows[identifier] for identifier in identifiers]
