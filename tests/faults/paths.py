"""Random lives of conversations, each request of which the simulator has to accept.

`python -m tests.faults.paths --sequences 2000` walks them and prints what came about. A life is a random sequence
of messages, files, schemas, edits (branches), retries, continuations, stops, tool loops, searches, pauses, summaries by
the API and by Parley, and of what staff do meanwhile: other models, prompts, tools, settings, capabilities, keys. Calls
move to a connection of another account or another platform, refusals are followed by another model, waits for a person
end under another key: before the first call and inside tool loops. All of it goes through the operations and the SDK;
the simulator is its own ASGI application, and it makes and checks the signatures of thinking.
"""

import argparse
import contextlib
import os
import random
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.faults import staff
from tests.faults.judge import Judge
from tests.faults.world import URL, World

if TYPE_CHECKING:
    from chat.models import Conversation, Message, Turn
    from chat.operations.running_turn import RunningTurn

CALLS_AT_MOST = 6
SCENARIOS = (
    *("default",) * 4,
    *("tool_loop rounds=1", "tool_loop rounds=2", "tool_loop rounds=3", "pause_turn", "pause_turn rounds=2"),
    *("redacted_thinking", "max_tokens", "max_tokens_tool", "bad_tool_json", "empty", "empty_text"),
    *("tool_loop rounds=2", "refusal_mid from=2 times=1", "refusal_mid from=2 times=1"),
    *("web_search",) * 6,
    *("mcp",) * 4,
    *("whitespace", "refusal", "refusal_mid", "unknown_block", "context_exceeded", "odd_text"),
)
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
# Two of these are more than any model of the world reads; one has room.
LONG_TEXT = "All work and no play makes Jack a dull boy. " * 3_600
RESULTS: tuple[Any, ...] = (
    "It is 7 degrees.",
    "",
    [{"type": "text", "text": " "}],
    [
        {"type": "text", "text": "A map."},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "North"},
            "citations": {"enabled": True},  # as those of attached documents
        },
    ],
)


class Life:
    """One conversation and what happens to it."""

    def __init__(self, world: World, judge: Judge, seed: int) -> None:
        self.world, self.judge = world, judge
        self.random = random.Random(seed)
        self.conversation: Conversation | None = None
        self.wordy = self.random.random() < 0.25

    def live(self) -> None:
        while self.conversation is None:
            self.say()
        for _step in range(self.random.randint(3, 9)):
            act = self.random.choice(
                (self.say,) * 5 + (self.edit, self.retry, self.go_on, self.govern, self.govern)
            )
            self.judge.seen[act.__name__] += 1
            act()

    def say(self, parent: object = None) -> None:
        from chat.operations.errors import OperationError
        from chat.operations.turns import accept

        try:
            started = accept.start_turn(
                author=self.world.person,
                client_id=uuid.uuid4(),
                text=self._text(),
                conversation_id=self.conversation and self.conversation.id,
                parent_id=parent,
                **self._partner(),
                **self._extras(),
            )
        except OperationError as error:  # such as a shape that the model can't be held to
            self.judge.seen[f"not accepted: {error.code}"] += 1
            return
        self.conversation = started.turn.conversation
        self.answer(started.turn)

    def edit(self) -> None:
        """Write one of the person's messages anew: a branch."""
        chosen = self.random.choice([found for found in self._messages() if found.role == "user"])
        self.say(parent=chosen.parent_id or "root")

    def retry(self) -> None:
        from chat.operations.errors import OperationError
        from chat.operations.turns import accept

        model = self.random.choice([None, None, self.random.choice(self.world.models).id])
        turn = self.random.choice(self._turns())
        try:
            started = accept.retry_turn(
                author=self.world.person, client_id=uuid.uuid4(), turn_id=turn.id, model_id=model
            )
        except OperationError as error:
            self.judge.seen[f"not accepted: {error.code}"] += 1
            return
        self.answer(started.turn)

    def go_on(self) -> None:
        from chat.operations.turns import accept

        cut = [turn for turn in self._turns() if turn.can_continue]
        if cut:
            turn = self.random.choice(cut)
            started = accept.continue_turn(author=self.world.person, client_id=uuid.uuid4(), turn_id=turn.id)
            self.answer(started.turn)

    def govern(self) -> None:
        """Staff, the person or a new day change something."""
        assert self.conversation is not None
        staff.govern(self.world, self.random, self.conversation)

    def answer(self, turn: "Turn") -> None:
        """Do what the engine does, with a stop at any moment."""
        from chat.operations.running_turn import next_answer
        from chat.operations.turns import claim, finish, stop, switch
        from chat.operations.turns.finish import AnswerContent

        if self.random.random() < 0.04:
            stop.stop_turn(user=self.world.person, turn_id=turn.id)
            return
        running = claim.claim_turn(turn.id, "walker")
        assert running is not None
        if not self._summarise(running):
            self._finish(running, "failed", None)
            return
        for _call in range(CALLS_AT_MOST):
            if running.takes_over:
                assert switch.adopt_loop(running)
            if self.random.random() < 0.15:
                self._fail_over(running)
            fold = self._ask(running)
            if fold is None or not fold.ended:
                self._finish(
                    running, "stopped", AnswerContent(fold.partial_content() if fold else [], "partial")
                )
                return
            reason = fold.stop_reason or ""
            content = [] if reason == "refusal" else fold.message["content"]
            answer = AnswerContent(content, "partial" if reason == "refusal" else "complete", reason)
            calls = [block for block in content if block["type"] == "tool_use"]
            if reason == "refusal" and self._follow(running, answer):
                continue
            goes_on = reason == "pause_turn" or (reason == "tool_use" and calls)
            if not goes_on or self.random.random() < 0.15:
                status = "stopped" if goes_on else "refused" if reason == "refusal" else "completed"
                self._finish(running, status, answer)
                return
            finish.keep_answer(running.message, answer)
            results = self._results(running.message, calls) if calls else running.message
            if calls and self.random.random() < 0.2:
                running = self._wait(running)
            next_answer(running, results)
            self.judge.seen["calls within turns"] += 1
            if self.random.random() < 0.1:
                self._finish(running, "stopped", None)
                return
        self._finish(running, "interrupted", None)

    def _fail_over(self, running: "RunningTurn") -> None:
        """The connection doesn't answer; another account has the same model."""
        from chat.operations.turns import failover, switch

        other = failover.same_model_elsewhere(running.turn, {running.model.id})
        if other is not None:
            self.judge.seen[f"failovers {self._where(running)}"] += 1
            assert switch.switch_model(running, other, {"code": "failover"})

    def _follow(self, running: "RunningTurn", refused: Any) -> bool:
        """Ask the model that staff named for after a refusal; False when nobody follows."""
        from chat.operations.running_turn import next_answer
        from chat.operations.turns import failover, finish, switch

        other = failover.offered_after_refusal(running.turn)
        if other is None or self.random.random() < 0.3:
            return False
        self.judge.seen[f"refusals followed {self._where(running)}"] += 1
        finish.keep_answer(running.message, refused)
        next_answer(running, running.message)
        assert switch.switch_model(running, other, {"code": "fallback"})
        return True

    def _wait(self, running: "RunningTurn") -> "RunningTurn":
        """A person is awaited, and meanwhile staff may change a key; then any process takes the turn up."""
        from chat.models import Turn
        from chat.operations.turns import claim

        if self.random.random() < 0.7:
            staff.change_key(self.random)
        Turn.objects.filter(id=running.turn.id).update(status="queued", owner="")
        taken = claim.claim_turn(running.turn.id, "walker")
        assert taken is not None
        self.judge.seen["waits"] += 1
        return taken

    def _summarise(self, running: "RunningTurn") -> bool:
        """Have the summary written that is due, if any; False when there is none to go on with."""
        from chat.claude.blocks import plain_text
        from chat.operations.turns import summaries

        job = summaries.summary_job(running)
        if job is None:
            return True
        self.judge.note(job.request)
        fold = self._read(self._send(running, job.request))
        if fold.stop_reason != "end_turn":
            return False
        self.judge.seen["summaries"] += 1
        return summaries.keep_summary(running, job, plain_text(fold.message["content"]))

    def _where(self, running: "RunningTurn") -> str:
        within = running.message.parent
        assert within is not None
        return "before a first call" if within.kind in ("chat", "continue", "summary") else "within a loop"

    def _ask(self, running: "RunningTurn") -> Any:
        """Return the fold of an answer, perhaps cut anywhere; None when the request was refused."""
        from chat.claude import mcp_connector
        from chat.claude.transcript import RequestError
        from chat.operations.request import build

        try:
            request = build.request_for(running)
        except RequestError as error:
            self.judge.refusals.append(f"RequestError: {error}")
            return None
        self.judge.note(request)
        servers = [mcp_connector.server_entry(name, URL, "") for name in mcp_connector.servers_of(request)]
        events = self._send(running, mcp_connector.with_servers(request, servers))
        if self.random.random() < 0.12:
            events = events[: self.random.randrange(len(events) + 1)]
            self.judge.seen["cut"] += 1
        return self._read(events)

    def _send(self, running: "RunningTurn", request: dict[str, Any]) -> list[dict[str, Any]]:
        where = {
            "kind": running.connection.kind,
            "model": running.model.canonical,
            "key": running.connection.secret() or "ambient",
        }
        return self.judge.ask(request, **where)

    def _read(self, events: list[dict[str, Any]]) -> Any:
        from chat.claude.stream import Fold

        fold = Fold()
        for event in events:
            fold.apply(event)
        return fold

    def _results(self, message: "Message", calls: list[dict[str, Any]]) -> "Message":
        from chat.models import Message

        content = [
            {"type": "tool_result", "tool_use_id": call["id"], "content": self.random.choice(RESULTS)}
            for call in calls
            if self.random.random() < 0.9
        ]
        return Message.objects.create(
            conversation_id=message.conversation_id,
            parent=message,
            depth=message.depth + 1,
            role="user",
            kind="results",
            content=content,
        )

    def _finish(self, running: "RunningTurn", status: str, answer: Any) -> None:
        from chat.events.store import Batch
        from chat.models import Conversation
        from chat.operations.turns import finish
        from chat.operations.turns.finish import TurnEnd

        end = TurnEnd(status, answer.stop_reason if answer else "")
        batch = Batch(running.turn.id, running.fence, 1, [])
        assert finish.finish_turn(running, end, batch, answer=answer, call=None)
        Conversation.objects.filter(id=running.turn.conversation_id).update(active_leaf=running.message)

    def _text(self) -> str:
        tools = "\n/tool weather {}" * self.random.choice((0, 0, 1, 1, 2))
        scenario = self.random.choice(SCENARIOS)
        counted = f"key={self.random.random()}"
        long = LONG_TEXT if self.wordy and self.random.random() < 0.5 else ""
        wish = f"{scenario} {counted} thinking_tokens=9 tokens=12"
        return f"{long}Say {self.random.randint(1, 99)}.{tools} [[scenario:{wish}]]"

    def _extras(self) -> dict[str, Any]:
        extras: dict[str, Any] = {}
        if self.random.random() < 0.15:
            extras["attachments"] = self.random.sample(self.world.files, self.random.randint(1, 3))
        if self.random.random() < 0.1:
            extras["output_schema"] = SCHEMA
        return extras

    def _partner(self) -> dict[str, Any]:
        """Mostly stay with the model or assistant; sometimes choose another one."""
        chance, new = self.random.random(), self.conversation is None
        if new and self.wordy:
            return {"model_id": self.random.choice(self.world.summarising()).id}
        if chance < (0.25 if new else 0.1):
            return {"model_id": self.random.choice(self.world.models).id}
        if new or chance < 0.25:
            model = self.random.choice(self.world.models)
            assistant = self.random.choices(self.world.assistants, (3, 1))[0]
            type(assistant).objects.filter(id=assistant.id).update(model=model)
            return {"assistant_id": assistant.id}
        return {}

    def _messages(self) -> list["Message"]:
        assert self.conversation is not None
        return list(self.conversation.messages.order_by("created_at", "id"))

    def _turns(self) -> list["Turn"]:
        assert self.conversation is not None
        return list(self.conversation.turns.order_by("created_at", "id"))


class _Undo(Exception):
    pass


def walk(sequences: int, seed: int = 0) -> Judge:
    """Live so many lives on the current database, each undone after its end; returns the judge."""
    from django.db import transaction

    judge = Judge()
    with undone(transaction):
        World()
        for number in range(sequences):
            before = len(judge.refusals)
            with undone(transaction):
                Life(World.reread(), judge, seed + number).live()
            for at in range(before, len(judge.refusals)):
                judge.refusals[at] = f"sequence {seed + number}: {judge.refusals[at]}"
    judge.close()
    return judge


@contextlib.contextmanager
def undone(transaction: Any) -> Iterator[None]:
    with contextlib.suppress(_Undo), transaction.atomic():
        yield
        raise _Undo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.test.utils import setup_databases

    setup_databases(verbosity=0, interactive=False)
    began = time.monotonic()
    judge = walk(options.sequences, options.seed)
    print(
        f"{options.sequences} sequences in {time.monotonic() - began:.0f} s: {len(judge.refusals)} refusals"
    )
    print(", ".join(f"{count:,} {name}" for name, count in judge.seen.most_common()))
    for refusal in judge.refusals[:20]:
        print(refusal)
    raise SystemExit(bool(judge.refusals))


if __name__ == "__main__":
    main()
