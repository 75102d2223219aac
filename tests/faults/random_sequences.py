"""Random sequences of a conversation: the simulator has to accept every request that Parley makes.

`python -m tests.faults.random_sequences --sequences 2000` runs them and prints what happened. A sequence consists of
messages, files, schemas, projects, edits (branches), retries, continuations, stops, tool loops, searches, pauses,
summaries by the API and by Parley, and of changes by staff: models, prompts, tools, settings, capabilities, keys.
Calls move to a connection of another account or another platform, refusals are followed by another model, and turns
that waited for a person continue under another key: before the first call and inside tool loops. All of it goes
through the operations and the SDK; the simulator is its own ASGI application, which makes and checks the signatures of
thinking.
The file is long because each of the many moves is a function of the one state that all of them share.
"""

import argparse
import contextlib
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from chat.tools.result import SearchResult
from tests.faults.configuration_changes import change_configuration, change_key
from tests.faults.project_changes import change_project
from tests.faults.request_checker import RequestChecker
from tests.faults.sequence_rows import MCP_URL, SequenceRows

if TYPE_CHECKING:
    from chat.models import Conversation, Message, Turn
    from chat.operations.running_turn import RunningTurn
    from chat.operations.turns.turn_request import AcceptedTurn

MAX_CALLS = 6
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
# One of these fits into the context window of `SequenceRows`, two do not.
LONG_TEXT = "All running and no play makes Jack a dull boy. " * 3_600
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
    [SearchResult("/attachments/0?start=0&end=5#cited", "height.txt", "91 m high").block()],
)


class Sequence:
    """One conversation and a random sequence of actions on it. `owner` is the engine that claims its turns."""

    owner = "host:1:aa"

    def __init__(self, rows: SequenceRows, checker: RequestChecker, seed: int) -> None:
        self.rows, self.checker = rows, checker
        self.random = random.Random(seed)
        # Of their own, so that the rest stays as drawn.
        self.breaks, self.lengths = random.Random(f"breaks {seed}"), random.Random(f"lengths {seed}")
        self.projects = random.Random(f"projects {seed}")
        self.has_projects = self.projects.random() < 0.4
        self.conversation: Conversation | None = None
        self.has_long_texts = self.random.random() < 0.25

    def run(self) -> None:
        while self.conversation is None:
            self.send_message()
        for _step in range(self.random.randint(3, 9)):
            changes = (self.change_configuration,) * 2
            action = self.random.choice(
                (self.send_message,) * 5 + (self.edit_message, self.retry, self.continue_turn) + changes
            )
            self.checker.counts[action.__name__] += 1
            self._change_project(0.6)
            action()

    def send_message(self, parent: object = None) -> None:
        from tests.support import turns

        self._begin(
            turns.start_turn,
            text=self._text(),
            conversation_id=self.conversation and self.conversation.id,
            parent_id=parent,
            **self._model_or_assistant(),
            **self._files_and_schema(),
        )

    def _begin(self, begin: "Callable[..., AcceptedTurn]", **fields: Any) -> None:
        """Begin a turn and answer it. One that is not accepted is counted, such as a schema that the model refuses."""
        from chat.operations.errors import OperationError

        try:
            started = begin(author=self.rows.person, client_id=uuid.uuid4(), **fields)
        except OperationError as error:
            self.checker.counts[f"not accepted: {error.code}"] += 1
            return
        self.checker.counts["lengths requested"] += bool(started.turn.requested_length)
        self.conversation = started.turn.conversation
        self.answer(started.turn)

    def edit_message(self) -> None:
        """Replace one of the person's messages, which makes a branch."""
        chosen = self.random.choice([found for found in self._messages() if found.role == "user"])
        self.send_message(parent=chosen.parent_id or "root")

    def retry(self) -> None:
        from tests.support import turns

        model = self.random.choice([None, None, self.random.choice(self.rows.models).id])
        turn = self.random.choice(self._turns())
        length = self.lengths.choice([None, "shorter", "longer"])
        self._begin(turns.retry_turn, turn_id=turn.id, model_id=model, length=length)

    def continue_turn(self) -> None:
        from tests.support import turns

        cut = [turn for turn in self._turns() if turn.can_continue]
        if cut:
            self._begin(turns.continue_turn, turn_id=self.random.choice(cut).id)

    def change_configuration(self) -> None:
        assert self.conversation is not None
        change_configuration(self.rows, self.random, self.conversation)

    def _change_project(self, share: float) -> None:
        if self.has_projects and self.conversation is not None and self.projects.random() < share:
            self.checker.counts["changes of projects"] += 1
            change_project(self.rows, self.projects, self.conversation)

    def answer(self, turn: "Turn") -> None:
        """Run a turn as the engine does; it may be stopped at any moment."""
        from chat.operations.running_turn import next_answer
        from chat.operations.turns import claim, finish, stop, switch
        from chat.operations.turns.finish import AnswerContent

        if self.random.random() < 0.04:
            stop.stop_turn(user=self.rows.person, turn_id=turn.id)
            return
        running = claim.claim_turn(turn.id, self.owner)
        assert running is not None
        if not self._write_summary(running):
            self._finish(running, "failed", None)
            return
        for _call in range(MAX_CALLS):
            # A document may go at any moment of a turn.
            self._change_project(0.2)
            if running.takes_over:
                assert switch.adopt_loop(running)
            if self.random.random() < 0.15:
                self._fail_over(running)
            fold = self._ask(running)
            if fold is not None and fold.started and not fold.ended and self._go_on(running, fold):
                continue
            if fold is None or not fold.ended:
                self._finish(
                    running, "stopped", AnswerContent(fold.partial_content() if fold else [], "partial")
                )
                return
            reason = fold.stop_reason or ""
            content = [] if reason == "refusal" else fold.message["content"]
            answer = AnswerContent(content, "partial" if reason == "refusal" else "complete", reason)
            calls = [block for block in content if block["type"] == "tool_use"]
            if reason == "refusal" and self._follow_refusal(running, answer):
                continue
            continues = reason == "pause_turn" or (reason == "tool_use" and calls)
            if not continues or self.random.random() < 0.15:
                status = "stopped" if continues else "refused" if reason == "refusal" else "completed"
                self._finish(running, status, answer)
                return
            finish.keep_answer(running.message, answer)
            results = self._results(running.message, calls) if calls else running.message
            if calls and self.random.random() < 0.2:
                running = self._wait(running)
            next_answer(running, results)
            self.checker.counts["calls within turns"] += 1
            if self.random.random() < 0.1:
                self._finish(running, "stopped", None)
                return
        self._finish(running, "interrupted", None)

    def _go_on(self, running: "RunningTurn", fold: Any) -> bool:
        """Keep the part of a broken answer and ask for its rest in the same turn; return whether chance took it."""
        from chat.models import ToolCall
        from chat.operations.running_turn import next_answer
        from chat.operations.turns import auto_continue, finish
        from chat.operations.turns.finish import AnswerContent

        # Answers break rarely within a loop of tools: there chance always takes it.
        position = self._position(running)
        skips = position == "before a first call" and self.breaks.random() < 0.6
        if running.turn.output_schema is not None or skips:
            return False
        self.checker.counts[f"continued {position}"] += 1
        answer = AnswerContent(fold.partial_content(), "partial")
        asked = auto_continue.calls_not_run(running, answer.content)
        finish.keep_answer(running.message, answer)
        ToolCall.objects.bulk_create([planned.row for planned in asked])
        next_answer(running, auto_continue.request_for_rest(running.turn, running.message, answer))
        return True

    def _fail_over(self, running: "RunningTurn") -> None:
        """Move the turn to another account that has the same model, if there is one."""
        from chat.operations.turns import failover, switch

        other = failover.same_model_elsewhere(running.turn, {running.model.id})
        if other is not None:
            self.checker.counts[f"failovers {self._position(running)}"] += 1
            assert switch.switch_model(running, other, {"code": "failover"})

    def _follow_refusal(self, running: "RunningTurn", refused: Any) -> bool:
        """Move the turn to the model that staff set as fallback; return whether there is one and chance took it."""
        from chat.operations.running_turn import next_answer
        from chat.operations.turns import failover, finish, switch

        other = failover.offered_after_refusal(running.turn)
        if other is None or self.random.random() < 0.3:
            return False
        self.checker.counts[f"refusals followed {self._position(running)}"] += 1
        finish.keep_answer(running.message, refused)
        next_answer(running, running.message)
        assert switch.switch_model(running, other, {"code": "fallback"})
        return True

    def _wait(self, running: "RunningTurn") -> "RunningTurn":
        """Wait for a person, while staff may change a key; return the turn as another process claims it."""
        from chat.models import Turn
        from chat.operations.turns import claim

        if self.random.random() < 0.7:
            change_key(self.random)
        Turn.objects.filter(id=running.turn.id).update(status="queued", owner="")
        taken = claim.claim_turn(running.turn.id, self.owner)
        assert taken is not None
        self.checker.counts["waits"] += 1
        return taken

    def _write_summary(self, running: "RunningTurn") -> bool:
        """Write the summary that is due, if any; return whether the turn can continue."""
        from chat.claude.content.blocks import plain_text
        from chat.operations.turns import summaries

        job = summaries.summary_job(running)
        if job is None:
            return True
        self.checker.count_contents(job.request)
        fold = self._read(self._send(running, job.request))
        if fold.stop_reason != "end_turn":
            return False
        self.checker.counts["summaries"] += 1
        return summaries.keep_summary(running, job, plain_text(fold.message["content"]))

    def _position(self, running: "RunningTurn") -> str:
        within = running.message.parent
        assert within is not None
        return "before a first call" if within.kind in ("chat", "continue", "summary") else "within a loop"

    def _ask(self, running: "RunningTurn") -> Any:
        """Return the folded answer, which may be cut anywhere, or None if no request could be made."""
        from chat.claude.request import mcp_connector
        from chat.claude.request.transcript import RequestError
        from chat.operations.request import build

        try:
            request = build.request_for(running)
        except RequestError as error:
            self.checker.refusals.append(f"RequestError: {error}")
            return None
        self.checker.count_contents(request)
        servers = [
            mcp_connector.server_entry(name, MCP_URL, "") for name in mcp_connector.servers_of(request)
        ]
        events = self._send(running, mcp_connector.with_servers(request, servers))
        if self.random.random() < 0.12:
            events = events[: self.random.randrange(len(events) + 1)]
            self.checker.counts["cut"] += 1
        return self._read(events)

    def _send(self, running: "RunningTurn", request: dict[str, Any]) -> list[dict[str, Any]]:
        target = {
            "kind": running.connection.kind,
            "model": running.model.canonical,
            "key": running.connection.secret() or "ambient",
        }
        return self.checker.send(request, **target)

    def _read(self, events: list[dict[str, Any]]) -> Any:
        from chat.claude.stream.fold import Fold

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
        key = f"key={self.random.random()}"
        long = LONG_TEXT if self.has_long_texts and self.random.random() < 0.5 else ""
        options = f"{scenario} {key} thinking_tokens=9 tokens=12"
        return f"{long}Say {self.random.randint(1, 99)}.{tools} [[scenario:{options}]]"

    def _files_and_schema(self) -> dict[str, Any]:
        extras: dict[str, Any] = {}
        if self.random.random() < 0.15:
            extras["attachments"] = self.random.sample(self.rows.files, self.random.randint(1, 3))
        if self.random.random() < 0.1:
            extras["output_schema"] = SCHEMA
        return extras

    def _model_or_assistant(self) -> dict[str, Any]:
        """Mostly keep the model or assistant; sometimes choose another one."""
        chance, new = self.random.random(), self.conversation is None
        if new and self.has_long_texts:
            return {"model_id": self.random.choice(self.rows.models_with_compaction()).id}
        if chance < (0.25 if new else 0.1):
            return {"model_id": self.random.choice(self.rows.models).id}
        if new or chance < 0.25:
            model = self.random.choice(self.rows.models)
            assistant = self.random.choices(self.rows.assistants, (3, 1))[0]
            type(assistant).objects.filter(id=assistant.id).update(model=model)
            return {"assistant_id": assistant.id}
        return {}

    def _messages(self) -> list["Message"]:
        assert self.conversation is not None
        return list(self.conversation.messages.order_by("created_at", "id"))

    def _turns(self) -> list["Turn"]:
        assert self.conversation is not None
        return list(self.conversation.turns.order_by("created_at", "id"))


class _RollBack(Exception):
    pass


def run_sequences(sequences: int, seed: int = 0) -> RequestChecker:
    """Run sequences on the current database, each rolled back at its end, and return what the checker found."""
    from django.db import transaction

    checker = RequestChecker()
    with rolled_back(transaction):
        SequenceRows()
        for number in range(sequences):
            if number % 100 == 0:
                print(f"sequence {number} of {sequences}", file=sys.stderr, flush=True)
            before = len(checker.refusals)
            with rolled_back(transaction):
                Sequence(SequenceRows.reread(), checker, seed + number).run()
            for index in range(before, len(checker.refusals)):
                checker.refusals[index] = f"sequence {seed + number}: {checker.refusals[index]}"
    checker.close()
    return checker


@contextlib.contextmanager
def rolled_back(transaction: Any) -> Iterator[None]:
    with contextlib.suppress(_RollBack), transaction.atomic():
        yield
        raise _RollBack


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
    checker = run_sequences(options.sequences, options.seed)
    seconds = time.monotonic() - began
    print(f"{options.sequences} sequences in {seconds:.0f} s: {len(checker.refusals)} refusals")
    print(", ".join(f"{count:,} {name}" for name, count in checker.counts.most_common()))
    for refusal in checker.refusals[:20]:
        print(refusal)
    raise SystemExit(bool(checker.refusals))


if __name__ == "__main__":
    main()
