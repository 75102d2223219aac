"""Hypothesis strategies for the tests of chat/claude: JSON, blocks, streams and paths of the Messages API."""

import json
from typing import Any

from hypothesis import strategies as st

from chat.claude.request.transcript import PathMessage
from chat.claude.stream.fold import Fold

Event = dict[str, Any]

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=12)
words = st.text(st.sampled_from("abcxyz é漢😀"), min_size=1, max_size=8).filter(str.strip)
idents = st.integers(0, 10**9).map(str)
scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts | st.floats(-1e6, 1e6)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=4)


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """Return pieces of `text`; the first may be empty, as the API often sends it."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


citations = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("char_location"),
            "cited_text": texts,
            "document_index": st.integers(0, 9),
            "document_title": st.none() | texts,
            "start_char_index": st.integers(0, 9),
            "end_char_index": st.integers(0, 9),
        },
        optional={"file_id": st.none() | idents},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("web_search_result_location"),
            "cited_text": texts,
            "encrypted_index": idents,
            "title": st.none() | texts,
            "url": st.just("https://example.org/"),
        }
    ),
    st.fixed_dictionaries({"type": st.just("new_location"), "somewhere": values}),
)


@st.composite
def text_block(draw: st.DrawFn) -> tuple[Event, list[Event]]:
    deltas = [{"type": "text_delta", "text": piece} for piece in draw(st.lists(texts, max_size=4))]
    for citation in draw(st.lists(citations, max_size=2)):
        at = draw(st.integers(0, len(deltas)))
        deltas.insert(at, {"type": "citations_delta", "citation": citation})
    start = {"type": "text", "text": ""}
    return draw(st.sampled_from([start, {**start, "citations": None}, {**start, "citations": []}])), deltas


@st.composite
def thinking_block(draw: st.DrawFn) -> tuple[Event, list[Event]]:
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in draw(st.lists(texts, max_size=3))]
    signature = draw(idents)
    return (
        {"type": "thinking", "thinking": "", "signature": ""},
        [*deltas, {"type": "signature_delta", "signature": f"sig{signature}"}],
    )


@st.composite
def call_block(draw: st.DrawFn, kind: str, prefix: str) -> tuple[Event, list[Event]]:
    start = {"type": kind, "id": prefix + draw(idents), "name": "web_search", "input": {}}
    if draw(st.booleans()):
        start["caller"] = {"type": "direct"}
    raw = draw(st.just("") | objects.map(json.dumps) | objects.map(lambda value: json.dumps(value, indent=1)))
    return start, [{"type": "input_json_delta", "partial_json": piece} for piece in draw(pieces(raw))]


@st.composite
def search_pair(draw: st.DrawFn) -> list[tuple[Event, list[Event]]]:
    call, deltas = draw(call_block("server_tool_use", "srvtoolu_"))
    hit = {
        "type": "web_search_result",
        "title": draw(texts),
        "url": "https://example.org/",
        "encrypted_content": draw(texts),
        "page_age": draw(st.none() | texts),
    }
    content = draw(
        st.sampled_from([[hit], [], {"type": "web_search_tool_result_error", "error_code": "unavailable"}])
    )
    result = {"type": "web_search_tool_result", "tool_use_id": call["id"], "content": content}
    return [(call, deltas), (result, [])]


unknown_block = st.fixed_dictionaries(
    {"type": st.sampled_from(["fallback", "compaction", "novelty"])},
    optional={"from": objects, "text": texts},
).map(lambda block: (block, []))
redacted_block = idents.map(lambda data: ({"type": "redacted_thinking", "data": data}, []))
block_groups = st.one_of(
    text_block().map(lambda block: [block]),
    thinking_block().map(lambda block: [block]),
    redacted_block.map(lambda block: [block]),
    call_block("tool_use", "toolu_").map(lambda block: [block]),
    search_pair(),
    unknown_block.map(lambda block: [block]),
)

counters = st.integers(0, 10**6)
start_usages = st.fixed_dictionaries(
    {"input_tokens": counters, "output_tokens": st.integers(0, 2)},
    optional={
        "cache_creation_input_tokens": st.none() | counters,
        "cache_read_input_tokens": counters,
        "cache_creation": st.fixed_dictionaries(
            {"ephemeral_5m_input_tokens": counters, "ephemeral_1h_input_tokens": counters}
        ),
        "service_tier": st.sampled_from(["standard", "batch"]),
        "inference_geo": st.sampled_from(["us", "global"]),
        "novel_counter": counters,
    },
)
delta_usages = st.fixed_dictionaries(
    {"output_tokens": counters},
    optional={
        "input_tokens": st.none() | counters,
        "cache_creation_input_tokens": st.none() | counters,
        "cache_read_input_tokens": st.none() | counters,
        "server_tool_use": st.fixed_dictionaries(
            {"web_search_requests": counters, "web_fetch_requests": counters}
        ),
        "output_tokens_details": st.fixed_dictionaries({"thinking_tokens": counters}),
    },
)
stop_reasons = st.sampled_from(
    ["end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn", "novel_reason"]
)


@st.composite
def message_deltas(draw: st.DrawFn) -> list[Event]:
    delta: Event = {"stop_reason": draw(stop_reasons), "stop_sequence": draw(st.none() | texts)}
    if draw(st.booleans()):
        delta["stop_details"] = {"type": "refusal", "category": "cyber", "explanation": draw(texts)}
    if draw(st.booleans()):
        delta["container"] = {"id": draw(idents), "expires_at": "2026-11-22T00:00:00Z"}
    usages = draw(st.lists(delta_usages, min_size=1, max_size=3))
    return [{"type": "message_delta", "delta": delta, "usage": usage} for usage in usages]


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Draw the events of one complete valid stream, pings included."""
    message = {
        "id": f"msg_{draw(idents)}",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": draw(start_usages),
    }
    events: list[Event] = [{"type": "message_start", "message": message}]
    groups = draw(st.lists(block_groups, max_size=5))
    for index, (start, deltas) in enumerate(block for group in groups for block in group):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events += draw(message_deltas())
    for _ in range(draw(st.integers(0, 2))):
        events.insert(draw(st.integers(1, len(events))), {"type": "ping"})
    return [*events, {"type": "message_stop"}]


def folded(events: list[Event]) -> Fold:
    fold = Fold()
    for event in events:
        fold.apply(event)
    return fold


def sse(events: list[Event], *, ascii_only: bool = True) -> bytes:
    """Return events in the API's wire format."""
    lines = [
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=ascii_only)}\n\n" for event in events
    ]
    return "".join(lines).encode()


def text(words: str, **fields: Any) -> Event:
    return {"type": "text", "text": words, **fields}


def thinking(signature: str = "sig") -> Event:
    return {"type": "thinking", "thinking": "hm", "signature": signature}


def tool_use(ident: str = "toolu_1") -> Event:
    return {"type": "tool_use", "id": ident, "name": "look", "input": {"b": 1, "a": 2}}


def tool_result(ident: str = "toolu_1", content: Any = "found", **fields: Any) -> Event:
    return {"type": "tool_result", "tool_use_id": ident, "content": content, **fields}


def server_call(ident: str = "srvtoolu_1") -> Event:
    return {"type": "server_tool_use", "id": ident, "name": "web_search", "input": {"query": "x"}}


def server_result(ident: str = "srvtoolu_1") -> Event:
    return {"type": "web_search_tool_result", "tool_use_id": ident, "content": []}


def user(*content: Event | str, context: str = "") -> PathMessage:
    blocks = [text(block) if isinstance(block, str) else block for block in content]
    return PathMessage("user", blocks, context=context)


def assistant(*content: Event | str, frame: str | None = "now", **fields: Any) -> PathMessage:
    blocks = [text(block) if isinstance(block, str) else block for block in content]
    return PathMessage("assistant", blocks, frame=frame, **fields)


def system(words: str = "be brief") -> PathMessage:
    return PathMessage("system", [text(words)])


@st.composite
def paths(draw: st.DrawFn, *, settled: bool = False) -> list[PathMessage]:
    """Draw a possible path: cut answers, failed ones, missing results, changed frames.

    A `settled` one has one frame, and text at the end of every answer, so that no answer vanishes.
    """
    frames = st.just("now") if settled else st.sampled_from(["now", "then", None])
    path = [user(draw(words))]
    serial = 0
    for _ in range(draw(st.integers(0, 4))):
        events = draw(streams())
        cut = draw(st.integers(1, len(events)))
        fold = folded(events[:cut])
        content = []
        for block in fold.partial_content():
            serial += 1
            content.append({**block, "id": f"toolu_{serial}"} if block["type"] == "tool_use" else block)
        if settled:
            content.append(text("settled"))
        path.append(assistant(*content, frame=draw(frames), complete=fold.ended))
        calls = [block["id"] for block in content if block["type"] == "tool_use"]
        results = [
            tool_result(call, draw(texts), is_error=draw(st.booleans()))
            for call in calls
            if draw(st.booleans())
        ]
        path.append(user(*results, *draw(st.lists(words, min_size=0 if results else 1, max_size=2))))
        if draw(st.booleans()):
            path.append(system(draw(words)))
    return path
