import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.claude.cache.breakpoints import CachePlan
from chat.claude.content.context import write_context
from chat.claude.request.build import build_request
from chat.claude.request.thinking_binding import prefix_digest
from chat.claude.request.transcript import PathMessage, RequestError, loop_can_continue, to_messages
from tests.claude.rules import assert_acceptable
from tests.claude.strategies import (
    assistant,
    paths,
    server_call,
    server_result,
    system,
    text,
    thinking,
    tool_result,
    tool_use,
    user,
)
from tests.support.examples import many


def shape(*path: PathMessage, frame: str = "now") -> list[str]:
    """Return the messages made of `path` in short: the initial of the role, then the types of its blocks."""
    messages = to_messages(path, frame)
    return [f"{m['role'][0]}: {' '.join(block['type'] for block in m['content'])}" for m in messages]


def test_messages_pass_through_in_order() -> None:
    path = [user("hi"), assistant("hello"), user("more"), system("brief")]
    assert to_messages(path, "now") == [
        {"role": "user", "content": [text("hi")]},
        {"role": "assistant", "content": [text("hello")]},
        {"role": "user", "content": [text("more")]},
        {"role": "system", "content": [text("brief")]},
    ]


@pytest.mark.parametrize(
    ("made_under", "edited", "kept"),
    [("now", False, True), ("now", True, False), ("then", False, False), (None, False, False)],
)
def test_thinking_of_earlier_turns(made_under: str | None, edited: bool, kept: bool) -> None:
    answer = assistant(thinking(), "hello", frame=made_under, edited=edited)
    assert shape(user("hi"), answer, user("more"))[1] == ("a: thinking text" if kept else "a: text")


@pytest.mark.parametrize("made_under", ["now", "then", None])
def test_nothing_is_touched_inside_a_running_tool_loop(made_under: str | None) -> None:
    loop = [
        assistant(thinking(), tool_use("1"), frame=made_under, edited=True),
        user(tool_result("1")),
        assistant(thinking(), tool_use("2"), frame=made_under),
        user(tool_result("2")),
    ]
    assert shape(user("hi"), *loop) == [
        "u: text",
        "a: thinking tool_use",
        "u: tool_result",
        "a: thinking tool_use",
        "u: tool_result",
    ]
    after = shape(user("hi"), *loop, assistant(thinking(), "done", frame=made_under), user("more"))
    assert ("thinking" in after[5]) is (made_under == "now")
    assert "thinking" not in after[1]


def test_missing_result_is_added() -> None:
    calls = assistant(tool_use("1"), tool_use("2"), complete=False)
    messages = to_messages([user("hi"), calls, user("new question", tool_result("2"))], "now")
    assert messages[2]["content"] == [
        tool_result("1", "not run: stopped", is_error=True),
        tool_result("2"),
        text("new question"),
    ]


def test_results_come_right_after_their_call() -> None:
    assert shape(user("hi"), assistant(tool_use())) == ["u: text", "a: tool_use", "u: tool_result"]
    path = [user("hi"), assistant(tool_use()), system(), user(tool_result())]
    assert shape(*path) == ["u: text", "a: tool_use", "u: tool_result", "s: text"]


def test_results_without_a_call_are_left_out() -> None:
    path = [user("hi"), assistant(tool_use("1")), user(tool_result("1"), tool_result("1", "again"))]
    assert shape(*path)[-1] == "u: tool_result"
    assert shape(user("hi"), assistant("a"), user(tool_result("9"), "b"))[-1] == "u: text"
    assert shape(user("hi"), assistant("a"), user(tool_result("srvtoolu_9")), assistant("b"), user("c")) == [
        "u: text",
        "a: text",
        "a: text",
        "u: text",
    ]


def test_empty_messages_are_skipped_and_neighbours_merged() -> None:
    path = [
        user("hi"),
        assistant(" ", complete=False),
        user("\n"),
        user("again"),
        assistant(thinking()),
        user("x"),
    ]
    assert shape(*path) == ["u: text text text"]
    assert shape(user("a"), assistant("b", complete=False), assistant("c"), user("d")) == [
        "u: text",
        "a: text text",
        "u: text",
    ]


def test_system_messages_are_placed_after_the_user() -> None:
    unanswered = [user("hi"), system("one"), assistant(" "), user("again"), system("two")]
    assert shape(*unanswered) == ["u: text text", "s: text", "s: text"]
    assert (
        shape(user("hi"), assistant(server_call(), server_result()), system(), assistant("ok"), user("x"))[2]
        == "s: text"
    )
    assert shape(user("hi"), system(" "), assistant("ok"), user("x")) == ["u: text", "a: text", "u: text"]


def test_a_paused_turn_goes_back_unchanged() -> None:
    paused = assistant(thinking(), server_call("1"), server_result("1"), server_call("2"), frame="then")
    messages = to_messages([user("hi"), paused], "now")
    assert messages[-1]["content"] == paused.content
    assert shape(user("hi"), assistant(server_call(), server_result()))[-1].endswith("tool_result")
    results = shape(user("hi"), assistant(server_call(), tool_use()), user(tool_result()))
    assert results[1:] == ["a: server_tool_use tool_use", "u: tool_result"]


@pytest.mark.parametrize(
    ("content", "stays"),
    [
        ([thinking(), tool_use()], True),
        (["so", tool_use()], False),
        ([server_call()], True),
        ([server_call(), server_result()], True),
        ([server_call(), server_result(), "found", tool_use()], False),
        ([tool_use(), thinking()], False),  # thinking at the end is never sent
    ],
)
def test_loop_with_bound_thinking_stays_with_its_frame(content: list[Any], stays: bool) -> None:
    for frame, holds in (("now", True), ("then", not stays), (None, not stays)):
        loop = [user("hi"), assistant(*content, frame=frame)]
        assert loop_can_continue(loop, "now") == holds
        if not content[-1].get("type", "").startswith(("server", "web")):
            assert loop_can_continue([*loop, user(tool_result())], "now") == holds
        assert loop_can_continue([*loop, user(tool_result(), "go on")], "now")


def test_loop_holds_only_after_its_own_prefix() -> None:
    question, result = user("hi"), user(tool_result())
    call = assistant(thinking(), tool_use(), prefix=prefix_digest("now", to_messages([question], "now")))
    assert loop_can_continue([question, call, result], "now")
    assert not loop_can_continue([user("hi there"), call, result], "now")
    # All of it counts, not only what was said last.
    foreign = dataclasses.replace(call, frame=None)
    own = assistant(thinking(), tool_use("2"))
    assert not loop_can_continue([question, foreign, result, own, user(tool_result("2"))], "now")


def test_pending_server_tool_is_dropped_by_a_new_question() -> None:
    given_up = [
        user("hi"),
        assistant("so", thinking(), server_call(), tool_use()),
        user(tool_result(), "never mind"),
    ]
    assert shape(*given_up)[1:] == ["a: text thinking tool_use", "u: tool_result text"]
    only = [user("hi"), assistant(thinking(), server_call()), system(), user("never mind")]
    assert shape(*only) == ["u: text text", "s: text"]
    both = [*given_up[:2], user(tool_result()), assistant(server_call("2")), user("never mind")]
    assert shape(*both)[1:] == ["a: text thinking tool_use", "u: tool_result text"]
    resumed = [user("hi"), assistant(server_call()), assistant(server_result(), "found"), user("thanks")]
    assert shape(*resumed)[1] == "a: server_tool_use web_search_tool_result text"


def test_tool_call_ends_the_assistant_message() -> None:
    unanswered = [user("hi"), assistant(tool_use("1")), assistant("so"), user("x")]
    assert shape(*unanswered) == ["u: text", "a: tool_use", "u: tool_result", "a: text", "u: text"]
    assert shape(*unanswered[:2]) == shape(*unanswered)[:3]


def test_thinking_is_kept_only_after_its_own_prefix() -> None:
    asked = [user("hi")]
    answer = assistant(thinking(), "hello", prefix=prefix_digest("now", to_messages(asked, "now")))
    assert shape(*asked, answer, user("more"))[1] == "a: thinking text"
    assert shape(user("Hi"), answer, user("more"))[1] == "a: text"
    assert shape(user("hi", context="Today is Monday."), answer, user("more"))[1] == "a: text"


def test_thinking_after_removed_thinking_is_removed() -> None:
    path = [user("hi")]
    for reply in ("one", "two"):
        path.append(assistant(thinking(), reply, prefix=prefix_digest("now", to_messages(path, "now"))))
        path.append(user("more"))
    assert shape(*path) == ["u: text", "a: thinking text", "u: text", "a: thinking text", "u: text"]
    path[1] = dataclasses.replace(path[1], prefix="another")
    assert shape(*path) == ["u: text", "a: text", "u: text", "a: text", "u: text"]


def test_thinking_after_a_missing_block_is_left_out() -> None:
    gap = [thinking(), text("so"), text(" "), thinking(), text("done")]
    assert shape(user("hi"), assistant(*gap), user("more"))[1] == "a: thinking text text"
    cut = assistant(thinking(), "so", thinking(), "done", complete=False)
    assert shape(user("hi"), cut, user("more"))[1] == "a: thinking text text"
    loop = assistant(thinking(), text(" "), thinking(), tool_use())
    assert shape(user("hi"), loop)[1] == "a: thinking thinking tool_use"


CONTEXT = write_context(
    lines=["Today is Monday, 2026-11-23.", "The person's language setting is Korean."], name="Kim"
)


def test_context_is_a_system_message_if_supported() -> None:
    path = [user("hi", context=CONTEXT), assistant(tool_use()), user(tool_result())]
    messages = to_messages(path, "now", system_role=True)
    assert [message["role"] for message in messages] == ["user", "system", "assistant", "user"]
    assert messages[0]["content"][1]["text"].count("Kim") == 1
    assert "Kim" not in messages[1]["content"][0]["text"]
    assert "Monday" in messages[1]["content"][0]["text"]
    assert to_messages(path[:1], "now", system_role=True) == messages[:2]


def test_context_otherwise_ends_the_user_message() -> None:
    (message,) = to_messages([user("hi", context=CONTEXT)], "now")
    assert [block["text"].split("\n")[0] for block in message["content"]] == ["hi", "<context>"]
    assert "Monday" in message["content"][1]["text"]
    assert "Kim" in message["content"][1]["text"]
    assert shape(user(" ", context=CONTEXT), user("hi")) == ["u: text"]
    assert shape(user("hi", context="Now."), user("again", context="Now.")) == ["u: text text text text"]
    twice = to_messages([user("hi", context="Now."), user("again", context="Now.")], "now", system_role=True)
    assert twice[1:] == [{"role": "system", "content": [text("Now.")]}]
    silent = [user("a", context="Now."), assistant(server_call()), user("b", context="Now.")]
    assert len(to_messages(silent, "now", system_role=True)) == 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ([], "begin with a user message"),
        ([user(" ")], "begin with a user message"),
        ([assistant("hi"), user("hi")], "begin with a user message"),
        ([system(), user("hi"), assistant("x"), system()], "system message must follow"),
        ([user("hi"), assistant("x"), system(), assistant("y"), user("z")], "system message must follow"),
        ([system()], "system message must follow"),
        ([user("hi"), assistant("I was")], "continue_text"),
        ([user("hi"), assistant(server_call(), complete=False)], "continue_text"),
        ([PathMessage("tool", [text("x")])], "role 'tool' is unknown"),
        ([user("hi"), assistant({"type": "document"}), user("x")], "put it in a user message"),
        ([user("hi"), assistant(tool_result()), user("x")], "put it in a user message"),
        ([user(thinking())], "only an assistant"),
        ([user(tool_use())], "only an assistant"),
        ([user(server_result())], "only an assistant"),
        ([user({"type": 5})], "object with a type"),
        ([PathMessage("user", ["hi"])], "object with a type"),  # type: ignore[list-item]
        ([user({"type": "text", "text": None})], "must have a text"),
    ],
)
def test_refused_paths(path: list[PathMessage], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        to_messages(path, "now")


@settings(max_examples=many(200))
@given(paths(), st.sampled_from(["none", "auto", "5m", "1h"]), st.booleans())
def test_any_stored_path_is_accepted(path: list[PathMessage], policy: str, system_role: bool) -> None:
    path = in_context(path)
    before = repr(path)
    plan = CachePlan(policy, 0)
    request = build_request(
        {"model": "m"}, path, max_tokens=9, frame_digest="now", cache=plan, system_role=system_role
    )
    assert_acceptable(request)
    assert repr(path) == before


@settings(max_examples=many(100))
@given(paths(settled=True), st.booleans())
def test_requests_of_one_frame_only_grow(path: list[PathMessage], system_role: bool) -> None:
    """Caches and thinking signatures need it: earlier content is sent again byte for byte."""
    path = [message for message in in_context(path) if message.role != "system"]
    whole = said(path, system_role)
    for length, message in enumerate(path, start=1):
        if message.role == "user":
            sent = said(path[:length], system_role)
            assert whole[: len(sent)] == sent


def said(path: list[PathMessage], system_role: bool) -> list[Any]:
    messages = to_messages(path, "now", system_role=system_role)
    return [(m["role"], block) for m in messages for block in m["content"]]


def in_context(path: list[PathMessage]) -> list[PathMessage]:
    """Return the path with a context in each user message except every third."""
    return [
        dataclasses.replace(message, context=f"Day {at}." if at % 3 else "")
        if message.role == "user"
        else message
        for at, message in enumerate(path)
    ]
