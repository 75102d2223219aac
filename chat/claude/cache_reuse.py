"""What earlier calls tell: what the cache still holds of a conversation, and when its next request may come."""

import dataclasses
from collections.abc import Iterable

FIVE_MINUTES, HOUR = 300.0, 3600.0
# An entry that is about to expire when the request leaves may be gone when it arrives.
MARGIN_SECONDS = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Gaps:
    """Shares of cases, summing up to 1: the next request comes within 5 minutes, within an hour, or too late."""

    soon: float = 0.5
    later: float = 0.2
    never: float = 0.3

    @classmethod
    def of(cls, seconds: Iterable[float], *, prior: "Gaps | None" = None, weight: float = 5.0) -> "Gaps":
        """Count gaps (infinity: nothing came); the prior stands for `weight` gaps that nobody saw."""
        prior = prior or cls()
        counts = [prior.soon * weight, prior.later * weight, prior.never * weight]
        for gap in seconds:
            counts[0 if gap <= FIVE_MINUTES else 1 if gap <= HOUR else 2] += 1
        total = sum(counts)
        return cls(*(count / total for count in counts))

    def unless(self, share: float) -> "Gaps":
        """Give the shares when a part `share` of the cases goes on at once, as tool loops do."""
        return Gaps(share + (1 - share) * self.soon, (1 - share) * self.later, (1 - share) * self.never)


@dataclasses.dataclass(frozen=True, slots=True)
class SeenCall:
    """How one call's prompt was billed, and when it was sent (seconds since any moment)."""

    at: float
    input_tokens: int = 0
    read_tokens: int = 0
    written_5m_tokens: int = 0
    written_1h_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        return self.input_tokens + self.read_tokens + self.written_5m_tokens + self.written_1h_tokens


@dataclasses.dataclass(frozen=True, slots=True)
class CacheStanding:
    """What the cache holds of a conversation now.

    `prompt_tokens` is the size of the last call's prompt, `alive_tokens` the longest prefix that can be read,
    `hour_tokens` what of it lives for an hour. The entry of the longest prefix was written `steps_back` calls ago.
    """

    prompt_tokens: int = 0
    alive_tokens: int = 0
    hour_tokens: int = 0
    steps_back: int = 1

    @classmethod
    def after(cls, calls: Iterable[SeenCall], now: float) -> "CacheStanding":
        """Follow the calls of one conversation, oldest first, to the moment `now`."""
        five, hour = _Entry(), _Entry()
        last: SeenCall | None = None
        number = 0
        for number, call in enumerate(calls, start=1):
            # What was not read has expired or was never there, whatever the clock says.
            five, hour = five.within(call.read_tokens), hour.within(call.read_tokens)
            if call.written_1h_tokens:
                hour = _Entry(call.read_tokens + call.written_1h_tokens, number)
            if call.written_5m_tokens:
                five = _Entry(call.prompt_tokens - call.input_tokens, number)
            last = call
        if last is None:
            return cls()
        idle = now - last.at + MARGIN_SECONDS
        hour = hour if idle <= HOUR else _Entry()
        longest = five if idle <= FIVE_MINUTES and five.tokens > hour.tokens else hour
        return cls(last.prompt_tokens, longest.tokens, hour.tokens, max(1, number + 1 - longest.written_by))


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    tokens: int = 0
    written_by: int = 0

    def within(self, read_tokens: int) -> "_Entry":
        return self if self.tokens <= read_tokens else _Entry()
