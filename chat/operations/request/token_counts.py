"""Token counts of frames, prompts and drafts: by the provider where it can count, else an estimate.

These counts are free and have no row in the ledger. The counts that correct a bill have one; see `billing.recount`.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from chat import access
from chat.claude.billing.usage import whole_number
from chat.claude.cache.cache_control import without_breakpoints
from chat.claude.encoding.text import clean_text
from chat.claude.limits import context_window
from chat.claude.request import mcp_connector
from chat.claude.request.frame import FrameSpec, frame_digest
from chat.models import (
    Assistant,
    Conversation,
    Frame,
    FrameCount,
    LanguageModel,
    Message,
    PromptRevision,
    Turn,
    User,
)
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.conversations.path import ConversationPath
from chat.operations.conversations.selection import resolve_choice
from chat.operations.errors import not_found
from chat.operations.request.build import first_request, request_of
from chat.operations.request.frame import freeze_frame
from chat.operations.request.knowledge import knowledge_for
from chat.operations.request.output_schema import schema_for
from chat.operations.running_turn import RunningTurn
from chat.providers.clients import ConnectionUnusable, sync_client
from chat.providers.upstream import as_upstream_error

log = structlog.get_logger(__name__)
COUNTED = (*context_window.PROMPT_PARTS, "messages")
PLACE = "."  # a request needs a message; the tokens of this one are subtracted again


@dataclasses.dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of a prompt for one model; `exact` if the provider counted them."""

    tokens: int
    exact: bool
    model: LanguageModel


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """The tokens of a prompt up to one block with one model, and whether the block's cache mark takes effect.

    `verdict` is reached, below, unsure (an estimate near the minimum), or "" without a mark; `tokens` is None before
    the prompt was counted.
    """

    block: int
    cache: str
    tokens: int | None
    exact: bool
    verdict: str


def count_request(model: LanguageModel, request: Mapping[str, Any]) -> TokenCount:
    """Count a request, whose keys are those of `messages.create`; estimate it if the provider can't count it.

    Toolsets of MCP servers are left out, because counting them needs the servers' access tokens. The count is not
    exact then. Cache breakpoints are left out too: they have no tokens, and some servers refuse them.
    """
    parts = {name: request[name] for name in COUNTED if request.get(name)}
    counted = mcp_connector.without_servers(without_breakpoints(parts))
    whole = not mcp_connector.servers_of(request)
    headers = request.get("extra_headers")
    try:
        with sync_client(model.connection) as client:
            told = client.messages.count_tokens(model=model.model_id, **counted, extra_headers=headers)
        tokens = whole_number(told.input_tokens)
        if tokens is not None:
            return TokenCount(tokens, whole, model)
        log.info("tokens_estimated", model=model.model_id, kind="no count")
    except ConnectionUnusable:
        pass
    except Exception as error:  # platforms fail in many ways here; an estimate is better than nothing
        kind = as_upstream_error(error).failure.kind
        log.info("tokens_estimated", model=model.model_id, kind=str(kind))
    return TokenCount(context_window.estimate_prompt(counted), False, model)


def count_draft(
    *,
    user: User,
    text: str,
    conversation_id: object = None,
    assistant_id: object = None,
    model_id: object = None,
    project_id: object = None,
    output_schema: object = None,
) -> TokenCount:
    """Count a text alone, or as the next message of a conversation with everything sent before it.

    An assistant adds its prompt and tools, a project what its conversations share; a model alone adds nothing.

    Raises:
        OperationError: not_found, assistant_unavailable, no_model, connection_unusable, invalid_schema,
            no_structured_output.
    """
    conversation = None
    if conversation_id is not None:
        conversation = access.find_conversation(user, conversation_id)
        if conversation is None:
            raise not_found()
    answering = resolve_choice(user, conversation, assistant_id, model_id)
    assistant, model = answering.assistant, answering.model
    schema = schema_for(output_schema, assistant)
    frame = freeze_frame(
        model=model,
        assistant=assistant,
        output_schema=schema,
        author=user,
        knowledge=knowledge_for(conversation, user, model, project_id),
        effort=conversation.effort if conversation else "",
        tools_off=conversation.tools_off if conversation else (),
    )
    draft = clean_text(text) if text.strip() else PLACE
    path = ConversationPath.to(conversation.active_leaf_id if conversation else None)
    running = _unsaved_turn(conversation, frame, model, assistant)
    if not path.messages:
        return count_request(model, first_request(running, draft))
    return count_request(model, request_of(running, path, asking=draft))


def count_frame(frame: Frame, model: LanguageModel) -> FrameCount:
    """Return the tokens of a frame with a model; they are counted once by the provider and then stored.

    After an estimate the next call asks the provider again.
    """
    known = FrameCount.objects.filter(frame=frame, model_name=model.model_id, exact=True).first()
    if known is not None:
        return known
    whole = count_request(model, {**frame.body, "messages": [user_message(PLACE)]})
    bare = count_request(model, {"messages": [user_message(PLACE)]})
    kept, _created = FrameCount.objects.update_or_create(
        frame=frame,
        model_name=model.model_id,
        defaults={"tokens": max(0, whole.tokens - bare.tokens), "exact": whole.exact and bare.exact},
    )
    return kept


def count_revision(revision: PromptRevision, models: Iterable[LanguageModel]) -> None:
    """Count a prompt up to each of its cache marks and as a whole, with every one of the models."""
    for model in models:
        for block in _counted_blocks(revision):
            count_frame(_prefix(revision, model, block, keep=True), model)


def reach_of(revision: PromptRevision, model: LanguageModel) -> list[Reach]:
    """Return the known counts of a prompt with a model: one entry per cache mark, the last for the whole prompt."""
    ends = {block: _prefix(revision, model, block, keep=False).digest for block in _counted_blocks(revision)}
    known = {
        count.frame_id: count
        for count in FrameCount.objects.filter(frame__in=ends.values(), model_name=model.model_id)
    }
    return [_reach(revision, model, block, known.get(digest)) for block, digest in ends.items()]


def _reach(revision: PromptRevision, model: LanguageModel, block: int, count: FrameCount | None) -> Reach:
    mark = str(revision.blocks[block].get("cache", "none"))
    verdict = ""
    if count is not None and mark != "none":
        verdict = context_window.cache_reach(count.tokens, model.min_cacheable_tokens, exact=count.exact)
    return Reach(block, mark, count.tokens if count else None, bool(count and count.exact), verdict)


def _counted_blocks(revision: PromptRevision) -> list[int]:
    last = len(revision.blocks) - 1
    return [
        index
        for index, block in enumerate(revision.blocks)
        if block.get("cache", "none") != "none" or index == last
    ]


def _prefix(revision: PromptRevision, model: LanguageModel, block: int, *, keep: bool) -> Frame:
    """Return the frame of a prompt up to a block, without cache marks, which have no tokens."""
    system = [{"type": "text", "text": part["text"]} for part in revision.blocks[: block + 1]]
    body = FrameSpec(model=model.model_id, system=system).body()
    if keep:
        return Frame.objects.get_or_create(digest=frame_digest(body), defaults={"body": body})[0]
    return Frame(digest=frame_digest(body), body=body)


def _unsaved_turn(
    conversation: Conversation | None, frame: Frame, model: LanguageModel, assistant: Assistant | None
) -> RunningTurn:
    """Return a turn that is never saved, to build the request that it would send."""
    turn = Turn(
        conversation=conversation, frame=frame, model=model, max_tokens=answer_limit(model, assistant)
    )
    return RunningTurn(turn, Message(conversation=conversation), model, model.connection, [])


def user_message(text: str) -> dict[str, Any]:
    """Return a message of a person for a request."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}
