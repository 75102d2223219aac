"""Compaction: when a conversation that is too long for its model is summarised, and by which side.

Where the API can summarise by itself (a beta) it is asked to, and its block stays in the answer. Elsewhere an empty
message of the kind SUMMARY is inserted before the person's new one; the engine has it written before the answer.
"""

from typing import Any

from chat.claude.billing.pricing import estimate_tokens
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.limits import compaction, context_window
from chat.models import ApiCall, Frame, LanguageModel, Message, Turn
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.conversations.path import ConversationPath
from chat.operations.request.knowledge import document_tokens

_EMPTY_SUMMARY: dict[str, Any] = {"role": Message.Role.USER, "kind": Message.Kind.SUMMARY, "content": []}


def expected_tokens(turn: Turn, path: ConversationPath) -> int:
    """Estimate the length of the prompt behind a path: what the last counted call left, and everything below it."""
    sent = path.sent
    counted = sent.last_counted()
    uncounted = sent.below(counted.message_id) if counted else sent.messages
    tokens = sum(
        context_window.content_tokens(message.content) + estimate_tokens(message.context)
        for message in uncounted
    )
    if counted is None:
        return tokens + estimate_tokens(exact_json(turn.frame.body)) + document_tokens(turn.frame.body)
    return tokens + context_window.context_tokens(counted.usage) + _more_documents(turn, counted)


def _more_documents(turn: Turn, counted: ApiCall) -> int:
    """Return the tokens of documents that came into the frame after a call, less those that left it."""
    known, own = counted.frame_digest, document_tokens(turn.frame.body)
    if not own or known == turn.frame_id:
        return 0
    before = Frame.objects.filter(digest=known).first()
    return own - document_tokens(before.body if before else {})


def make_room(turn: Turn, path: ConversationPath) -> ConversationPath:
    """Insert an empty summary before a new turn's message if what came before leaves no room; return the path.

    Runs in the transaction that accepts the turn. `path` ends with the turn's message.
    """
    model, message = turn.model, turn.user_message
    before = path.messages[-2] if len(path.messages) > 1 else None
    if model is None or before is None or before.kind == Message.Kind.SUMMARY or _compacts_itself(turn):
        return path
    if not _is_full(turn, model, path):
        return path
    summary = Message.objects.insert_before(message, **_EMPTY_SUMMARY)
    return ConversationPath((*path.messages[:-1], summary, message))


def repeat_behind_summary(path: ConversationPath) -> ConversationPath:
    """Repeat the last message of a path behind an empty summary of everything above it, for a context that is full.

    The first message of a conversation has nothing above it: then the path is returned as it is.
    """
    message, above = path.messages[-1], path.messages[:-1]
    if not above or above[-1].kind == Message.Kind.SUMMARY:
        return path
    summary = Message.objects.append(after=above[-1], **_EMPTY_SUMMARY)
    repeated = {name: getattr(message, name) for name in ("role", "kind", "content", "text", "context")}
    copy = Message.objects.append(after=summary, **repeated)
    copy.attachments.set(message.attachments.all())
    return ConversationPath((*above, summary, copy))


def with_api_compaction(request: dict[str, Any], turn: Turn, path: ConversationPath) -> dict[str, Any]:
    """Ask the API to summarise, when the context is nearly full or it did so before."""
    model = turn.model
    if model is None or not path.messages or not _compacts_itself(turn):
        return request
    compacted = any(compaction.has_compaction(message.content) for message in path.sent.messages)
    if compacted or _is_full(turn, model, path):
        return compaction.with_compaction(
            request, context_window.trigger_tokens(model.max_input_tokens, turn.max_tokens)
        )
    return request


def fits_window(turn: Turn, model: LanguageModel) -> bool:
    """Return whether another model could read a turn's conversation and answer it, as far as its length is known."""
    return context_window.fits_context(
        expected_tokens(turn, ConversationPath.to(turn.last_message().id)),
        max_input_tokens=model.max_input_tokens,
        max_tokens=answer_limit(model, turn.conversation.assistant, turn.conversation.effort),
    )


def _is_full(turn: Turn, model: LanguageModel, path: ConversationPath) -> bool:
    return context_window.must_compact(
        expected_tokens(turn, path), max_input_tokens=model.max_input_tokens, max_tokens=turn.max_tokens
    )


def _compacts_itself(turn: Turn) -> bool:
    """Return whether the API summarises for this model; its smallest trigger must lie below ours."""
    model = turn.model
    if model is None or not model.supports.compaction or turn.frame.body.get("documents"):
        return False  # a summary of the API's would replace the documents too
    return (
        context_window.trigger_tokens(model.max_input_tokens, turn.max_tokens)
        >= compaction.MIN_TRIGGER_TOKENS
    )
