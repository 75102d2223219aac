"""Documents of a frame: they begin the first user message, where they can be cited, and end the cached frame."""

from typing import Any

import pytest

from chat.claude.cache.breakpoints import CachePlan
from chat.claude.cache.reuse import CacheState
from chat.claude.request.build import build_request, continues_loop
from chat.claude.request.frame import FrameSpec
from chat.claude.request.thinking_binding import prefix_digest
from tests.claude.rules import assert_acceptable, breakpoints
from tests.claude.strategies import Event, assistant, text, thinking, tool_result, tool_use, user

FIVE, HOUR = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


def document(words: str, *, mark: Any = None, cites: bool = True) -> Event:
    source = {"type": "text", "media_type": "text/plain", "data": words}
    made = {"type": "document", "source": source, "title": words[:9], "citations": {"enabled": cites}}
    return {**made, "cache_control": mark} if mark else made


def framed(*documents: Event, system: str = "", cache: str = "none", **more: Any) -> dict[str, Any]:
    blocks = [{"text": system, "cache": cache}] if system else []
    return FrameSpec("m", system=blocks, documents=documents, **more).body()


PLAN = CachePlan(minimum_tokens=0)


def sent(body: Any, *path: Any, plan: CachePlan | None = PLAN) -> dict[str, Any]:
    request = build_request(body, path or [user("hi")], max_tokens=9, frame_digest="now", cache=plan)
    assert_acceptable(request)
    return request


def first_blocks(request: dict[str, Any]) -> list[Event]:
    return request["messages"][0]["content"]


def test_documents_begin_the_first_message_in_order() -> None:
    body = framed(document("alpha"), document("beta", mark=HOUR))
    request = sent(body, user("hi"), assistant(text("yes")), user("more"))
    assert "documents" not in request
    assert first_blocks(request)[:2] == [document("alpha"), document("beta", mark=HOUR)]
    assert first_blocks(request)[2]["text"] == "hi"
    assert list(body) == ["model", "documents"]


def test_without_a_cache_plan_the_own_mark_stays() -> None:
    request = sent(framed(document("alpha", mark=HOUR)), plan=None)
    assert first_blocks(request)[0]["cache_control"] == HOUR


def test_a_mark_of_staff_for_five_minutes_shortens_theirs() -> None:
    request = sent(framed(document("alpha", mark=HOUR), system="you are", cache="5m"))
    assert first_blocks(request)[0]["cache_control"] == FIVE


@pytest.mark.parametrize("policy", ["auto", "5m", "1h", "none"])
def test_no_plan_exceeds_four_breakpoints(policy: str) -> None:
    system = [{"text": f"part {number}", "cache": "1h"} for number in range(4)]
    spec = FrameSpec("m", system=system, documents=[document("alpha " * 900, mark=HOUR)])
    path = [user("one"), assistant(text("two " * 900)), user("three " * 900)]
    request = sent(spec.body(), *path, plan=CachePlan(policy, minimum_tokens=0))
    assert len(breakpoints(request)) <= 4
    assert first_blocks(request)[0]["cache_control"] == HOUR


def test_short_documents_carry_no_mark() -> None:
    request = sent(framed(document("alpha", mark=HOUR)), plan=CachePlan(minimum_tokens=1024))
    assert breakpoints(request) == []


def test_documents_are_not_counted_as_history() -> None:
    # A tail that looks back over 20 blocks must not start with a hundred documents.
    body = framed(*(document(f"number {number}") for number in range(99)), document("last", mark=HOUR))
    state = CacheState(prompt_tokens=5_000, alive_tokens=5_000)
    path = [user("one"), assistant(text("two")), user("three " * 900)]
    request = sent(body, *path, plan=CachePlan(minimum_tokens=0, cache_state=state))
    assert [block.get("cache_control") for block in first_blocks(request)[:100]] == [*[None] * 99, HOUR]


def test_an_answer_format_takes_citations_from_them() -> None:
    schema = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    request = sent(framed(document("alpha", mark=HOUR), output_config=schema))
    assert "citations" not in first_blocks(request)[0]
    assert first_blocks(request)[0]["cache_control"] == HOUR


def test_marks_leave_the_bound_prefix_as_it_is() -> None:
    body, path = framed(document("alpha", mark=HOUR)), [user("hi")]
    plain, planned = sent(body, *path, plan=None), sent(body, *path)
    assert prefix_digest("now", plain["messages"]) == prefix_digest("now", planned["messages"])


def test_thinking_goes_back_only_behind_the_same_documents() -> None:
    body = framed(document("alpha", mark=HOUR))
    prefix = prefix_digest("now", sent(body)["messages"])
    answer = assistant(thinking("so"), text("yes"), frame="now", prefix=prefix)
    path = [user("hi"), answer, user("more")]
    changed = framed(document("alpha, changed", mark=HOUR))
    kinds = [
        [block["type"] for block in sent(one, *path)["messages"][1]["content"]] for one in (body, changed)
    ]
    assert kinds == [["thinking", "text"], ["text"]]


def test_a_running_loop_needs_the_same_documents() -> None:
    body = framed(document("alpha"))
    prefix = prefix_digest("now", sent(body)["messages"])
    asked = assistant(thinking("so"), tool_use("t1"), frame="now", prefix=prefix)
    path = [user("hi"), asked, user(tool_result("t1"))]
    assert continues_loop(body, path, frame_digest="now")
    assert not continues_loop(framed(document("beta")), path, frame_digest="now")
