"""A simulated office day: who asks which assistant when, and what every request adds to its conversation. Seeded."""

import dataclasses
import math
import random
from collections.abc import Iterator
from typing import Any

MINUTE, HOUR = 60.0, 3600.0
OPENS, LUNCH, LUNCH_ENDS, CLOSES = 9 * HOUR, 12 * HOUR, 13 * HOUR, 18 * HOUR
LETTERS_PER_TOKEN = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """One shared assistant and how it is used. Pairs are ranges; gaps are minutes."""

    name: str
    model: str
    system_tokens: int
    tools: int
    tool_tokens: int
    people: int
    conversations: tuple[int, int]  # of one person on one day
    turns: tuple[int, int]
    question_tokens: tuple[int, int]
    answer_tokens: tuple[int, int]
    loop: float = 0.0  # how often a call asks for tools
    parallel: tuple[int, int] = (1, 1)
    result_tokens: tuple[int, int] = (0, 0)
    document_tokens: tuple[int, int] = (0, 0)
    reads_minutes: tuple[float, float] = (0.5, 4.0)
    pauses: float = 0.2  # how often something comes between two turns
    pause_minutes: tuple[float, float] = (6.0, 90.0)


DESKS = (
    Desk("Help desk", "claude-sonnet-5-5", 2800, 6, 350, 40, (0, 3), (1, 4), (30, 200), (120, 500), 0.45,
         (1, 2), (200, 1500), pauses=0.15),
    Desk("Code reviewer", "claude-opus-5-5", 1600, 14, 420, 14, (1, 4), (2, 8), (40, 800), (150, 900), 0.88,
         (1, 4), (300, 3500), reads_minutes=(1.0, 9.0), pauses=0.35),
    Desk("Translator", "claude-sonnet-5-5", 1100, 0, 0, 30, (0, 3), (2, 9), (150, 1200), (150, 1300),
         reads_minutes=(0.7, 4.5), pauses=0.2),
    Desk("Analyst", "claude-fable-5-2", 2200, 9, 500, 7, (0, 2), (2, 6), (40, 300), (200, 900), 0.8,
         (1, 3), (400, 4000), reads_minutes=(2.0, 14.0), pauses=0.4),
    Desk("Contract reader", "claude-opus-4-8", 1500, 2, 300, 9, (0, 2), (3, 10), (30, 160), (200, 800), 0.1,
         (1, 1), (300, 900), (12_000, 45_000), reads_minutes=(1.0, 12.0), pauses=0.35),
    Desk("Quick questions", "claude-haiku-5-5", 180, 0, 0, 35, (0, 5), (1, 3), (15, 120), (60, 500),
         pauses=0.1),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One API call: when, for which conversation, and how many messages of it are sent; `answer` comes after it."""

    at: float
    desk: int
    conversation: int
    messages: int
    turn_begins: bool
    output_tokens: int


@dataclasses.dataclass(slots=True)
class Day:
    """All requests of a day in the order of time, and the whole messages of each conversation."""

    requests: list[Request]
    messages: list[list[dict[str, Any]]]


def frame_of(desk: Desk) -> dict[str, Any]:
    """Return what stands before the messages of the desk's requests."""
    tools = [
        {
            "name": f"tool_{number}",
            "description": _letters(desk.tool_tokens - 25),
            "input_schema": {"type": "object"},
        }
        for number in range(desk.tools)
    ]
    system = [{"type": "text", "text": _letters(desk.system_tokens)}]
    return {"model": desk.model, **({"tools": tools} if tools else {}), "system": system}


def simulate(seed: int, share: float = 1.0) -> Day:
    """Return the day of this seed, with a share of the people: the same seed is the same day."""
    rng = random.Random(seed)  # noqa: S311  nothing here is a secret
    day = Day([], [])
    for number, desk in enumerate(DESKS):
        for _person in range(math.ceil(desk.people * share)):
            for _conversation in range(rng.randint(*desk.conversations)):
                day.messages.append([])
                day.requests += _conversation_of(rng, number, day.messages)
    day.requests.sort(key=lambda request: (request.at, request.conversation))
    return day


def _conversation_of(
    rng: random.Random, number: int, messages: list[list[dict[str, Any]]]
) -> Iterator[Request]:
    desk, own, name = DESKS[number], messages[-1], len(messages) - 1
    at = rng.uniform(OPENS, CLOSES - 20 * MINUTE)
    for turn in range(rng.randint(*desk.turns)):
        at = _working(at)
        if at > CLOSES:
            return
        own.append(_question(rng, desk, first=not turn))
        begins = True
        while True:
            calls = rng.randint(*desk.parallel) if rng.random() < desk.loop else 0
            answer = _answer(rng, desk, calls)
            output = sum(len(str(block)) for block in answer["content"]) // LETTERS_PER_TOKEN
            yield Request(at, number, name, len(own), begins, output)
            own.append(answer)
            at += 2 + output / 60
            begins = False
            if not calls:
                break
            own.append(_results(rng, desk, answer["content"]))
            at += rng.uniform(0.3, 12)
        at += MINUTE * rng.uniform(
            *(desk.pause_minutes if rng.random() < desk.pauses else desk.reads_minutes)
        )


def _working(at: float) -> float:
    """Return `at`, or the end of lunch where it falls into lunch."""
    return at + LUNCH_ENDS - LUNCH if LUNCH <= at < LUNCH_ENDS else at


def _question(rng: random.Random, desk: Desk, *, first: bool) -> dict[str, Any]:
    content = []
    if first and desk.document_tokens[1]:
        data = _letters(rng.randint(*desk.document_tokens))
        content.append(
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": data}}
        )
    content.append({"type": "text", "text": _letters(rng.randint(*desk.question_tokens))})
    return {"role": "user", "content": content}


def _answer(rng: random.Random, desk: Desk, calls: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if not calls or rng.random() < 0.3:
        low, high = desk.answer_tokens
        content.append({"type": "text", "text": _letters(rng.randint(low, high) // (4 if calls else 1))})
    for _ in range(calls):
        call = {"query": _letters(rng.randint(8, 120))}
        name = f"tool_{rng.randrange(desk.tools)}"
        content.append(
            {"type": "tool_use", "id": f"toolu_{rng.getrandbits(64):016x}", "name": name, "input": call}
        )
    return {"role": "assistant", "content": content}


def _results(rng: random.Random, desk: Desk, calls: list[dict[str, Any]]) -> dict[str, Any]:
    results = [
        {
            "type": "tool_result",
            "tool_use_id": call["id"],
            "content": [{"type": "text", "text": _letters(rng.randint(*desk.result_tokens))}],
        }
        for call in calls
        if call["type"] == "tool_use"
    ]
    return {"role": "user", "content": results}


def _letters(tokens: int) -> str:
    return "word and so on, " * max(1, tokens * LETTERS_PER_TOKEN // 16)
