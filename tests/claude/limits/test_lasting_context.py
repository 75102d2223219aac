"""A person's instructions and notes: told once, again when they change, and again behind a summary."""

from typing import Any

from chat.claude.content.context import write_context
from chat.claude.limits.lasting_context import with_changes_only
from chat.claude.request.transcript import PathMessage, to_messages

DAY = ["Today is Monday, 2026-11-23 (time zone UTC)."]
WISHES = "The person's own wishes for answers, as they typed them: "
NOTES = "Notes that the person keeps for their conversations: "


def asked(**personal: Any) -> PathMessage:
    context = write_context(lines=DAY, name="Kim", **personal)
    return PathMessage("user", [{"type": "text", "text": "Hello?"}], context=context)


def answered(*blocks: dict[str, Any]) -> PathMessage:
    return PathMessage("assistant", [*blocks, {"type": "text", "text": "Hi."}])


def told(*path: PathMessage) -> list[list[str]]:
    """Return, for each message of a person, the lasting lines that it sends."""
    sent = [message for message in with_changes_only(path) if message.role == "user"]
    return [
        [line for line in message.context.split("\n") if line.startswith((WISHES, NOTES))] for message in sent
    ]


def test_the_same_is_told_once() -> None:
    person = {"instructions": "Be brief.", "notes": ["Likes tea"]}
    lines = [WISHES + '"Be brief."', NOTES + '["Likes tea"]']
    assert told(asked(**person), answered(), asked(**person), answered(), asked(**person)) == [lines, [], []]


def test_only_what_changed_is_told_again() -> None:
    first = asked(instructions="Be brief.", notes=["Likes tea"])
    then = asked(instructions="Be brief.", notes=["Likes tea", "Has a dog"])
    assert told(first, answered(), then)[1] == [NOTES + '["Likes tea", "Has a dog"]']


def test_what_was_taken_back_is_said_to_be_gone_once() -> None:
    path = [asked(instructions="Be brief.", notes=["Likes tea"]), answered(), asked(), answered(), asked()]
    assert told(*path)[1:] == [[WISHES + '""', NOTES + "[]"], []]


def test_people_without_any_send_nothing() -> None:
    path = [asked(), answered(), asked()]
    assert with_changes_only(path) == path


def test_a_message_without_context_changes_nothing() -> None:
    silent = PathMessage("user", [{"type": "text", "text": "Go on."}])
    person = {"notes": ["Likes tea"]}
    assert told(asked(**person), answered(), silent, answered(), asked(**person))[1:] == [[], []]


def test_behind_a_summary_of_the_api_it_is_told_again() -> None:
    person = {"notes": ["Likes tea"]}
    summary = {"type": "compaction", "content": "They talked about tea."}
    path = [asked(**person), answered(summary), asked(**person), answered(), asked(**person)]
    assert told(*path) == [[NOTES + '["Likes tea"]'], [NOTES + '["Likes tea"]'], []]


def test_a_longer_path_repeats_a_shorter_one_byte_for_byte() -> None:
    path = [
        asked(notes=["Likes tea"]), answered(), asked(notes=["Likes tea"]), answered(),
        asked(notes=["Has a dog"]), answered(), asked(), answered(), asked(instructions="Be brief."),
    ]  # fmt: skip
    for system_role in (False, True):
        whole = to_messages(with_changes_only(path), "f", system_role=system_role)
        for length in range(1, len(path), 2):
            part = to_messages(with_changes_only(path[:length]), "f", system_role=system_role)
            assert part == whole[: len(part)]
