"""The simulator's own invoice: one row per POST to the messages endpoint, and the totals of all rows."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Self

from chat.simulator.replies.reply import Reply

COUNTERS = (
    *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"),
    *("output_tokens", "thinking_tokens", "web_search_requests"),
)


@dataclass(frozen=True, slots=True)
class Charge:
    """What is billed for a reply. The reply itself has the whole request, so a row doesn't keep it."""

    message_id: str
    stop_reason: str
    billed: bool
    prompt: dict[str, int]
    summary_tokens: int
    thinking_tokens: int
    searches: int

    @classmethod
    def of(cls, reply: Reply) -> Self:
        compaction = reply.compaction
        prompts = [reply.usage, *([compaction.read] if compaction else [])]
        written_5m = sum(prompt.written_5m_tokens for prompt in prompts)
        written_1h = sum(prompt.written_1h_tokens for prompt in prompts)
        return cls(
            message_id=reply.id,
            stop_reason=reply.stop_reason,
            billed=reply.billed,
            prompt={
                "input_tokens": sum(prompt.input_tokens for prompt in prompts),
                "cache_creation_input_tokens": written_5m + written_1h,
                "cache_read_input_tokens": sum(prompt.read_tokens for prompt in prompts),
                "ephemeral_5m_input_tokens": written_5m,
                "ephemeral_1h_input_tokens": written_1h,
            },
            summary_tokens=compaction.output_tokens if compaction else 0,
            thinking_tokens=reply.thinking_tokens,
            searches=reply.searches,
        )


@dataclass(slots=True)
class Row:
    """One attempt that reached the simulator; `produced` grows while its stream is sent."""

    request_id: str
    workspace: str | None
    scenario: str = "default"
    status: int = 0
    error_type: str | None = None
    model: str | None = None
    stream: bool = False
    outcome: str = "running"
    produced: int = 0
    charge: Charge | None = None

    def progress(self, produced: int) -> None:
        """Record the output tokens sent so far. Tokens that message_start reported are billed in any case."""
        self.produced = max(self.produced, produced)

    def counters(self) -> dict[str, int]:
        """Return the billed counters: the complete prompt and the output produced so far."""
        charge = self.charge
        if charge is None or not charge.billed:
            return dict.fromkeys(COUNTERS, 0)
        return charge.prompt | {
            "output_tokens": self.produced + charge.summary_tokens,
            "thinking_tokens": min(self.produced, charge.thinking_tokens),
            "web_search_requests": charge.searches,
        }

    def as_json(self) -> dict[str, Any]:
        """Return the row as the invoice shows it."""
        charge = self.charge
        return {
            "request_id": self.request_id,
            "message_id": charge.message_id if charge else None,
            "workspace": self.workspace,
            "model": self.model,
            "scenario": self.scenario,
            "status": self.status,
            "error_type": self.error_type,
            "stream": self.stream,
            "outcome": self.outcome,
            "closed_by_client": self.outcome == "closed_by_client",
            "stop_reason": charge.stop_reason if charge and self.outcome == "complete" else None,
            "billed": bool(charge and charge.billed),
            "usage": self.counters(),
        }


@dataclass(slots=True)
class Invoice:
    """All rows since the last reset. Above `limit` rows the oldest are kept in the totals only."""

    limit: int = 100_000
    rows: deque[Row] = field(default_factory=deque)
    forgotten: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))
    forgotten_rows: int = 0

    def open(self, row: Row) -> Row:
        """Add a row and return it."""
        self.rows.append(row)
        while len(self.rows) > self.limit:
            self._forget(self.rows.popleft())
        return row

    def _forget(self, row: Row) -> None:
        self.forgotten_rows += 1
        for name, value in row.counters().items():
            self.forgotten[name] += value

    def clear(self) -> None:
        self.rows.clear()
        self.forgotten = dict.fromkeys(COUNTERS, 0)
        self.forgotten_rows = 0

    def as_json(self) -> dict[str, Any]:
        """Return {"rows": [...], "totals": {"requests", "billed_requests", every counter}}."""
        rows = [row.as_json() for row in self.rows]
        totals = dict(self.forgotten)
        for row in rows:
            for name, value in row["usage"].items():
                totals[name] += value
        counts = {
            "requests": len(rows) + self.forgotten_rows,
            "billed_requests": sum(row["billed"] for row in rows),
        }
        return {"rows": rows, "totals": counts | totals}
