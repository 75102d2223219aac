"""What earlier calls show: how much of a conversation is still cached, and when its next request may come."""

import dataclasses
from collections.abc import Iterable

FIVE_MINUTES, HOUR = 300.0, 3600.0
# An entry that is about to expire when the request leaves may be gone when it arrives.
MARGIN_SECONDS = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class ReuseShares:
    """Shares of cases, with a sum of 1: the next request comes within five minutes, within an hour, or too late."""

    soon: float = 0.5
    later: float = 0.2
    never: float = 0.3

    @classmethod
    def of(
        cls, seconds: Iterable[float], *, prior: "ReuseShares | None" = None, weight: float = 5.0
    ) -> "ReuseShares":
        """Return the shares of the given times between requests (infinity: no further request came).

        `prior` counts as `weight` further observations.
        """
        prior = prior or cls()
        counts = [prior.soon * weight, prior.later * weight, prior.never * weight]
        for gap in seconds:
            counts[0 if gap <= FIVE_MINUTES else 1 if gap <= HOUR else 2] += 1
        total = sum(counts)
        return cls(*(count / total for count in counts))

    def with_immediate(self, share: float) -> "ReuseShares":
        """Return the shares when a share of the cases continues at once, as tool loops do."""
        return ReuseShares(
            share + (1 - share) * self.soon, (1 - share) * self.later, (1 - share) * self.never
        )


@dataclasses.dataclass(frozen=True, slots=True)
class PastCall:
    """How the prompt of one call was billed, and when it was sent (seconds since any fixed moment)."""

    at: float
    input_tokens: int = 0
    read_tokens: int = 0
    written_5m_tokens: int = 0
    written_1h_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """The tokens of the complete prompt, cached or not."""
        return self.input_tokens + self.read_tokens + self.written_5m_tokens + self.written_1h_tokens


@dataclasses.dataclass(frozen=True, slots=True)
class CacheState:
    """What the cache holds of a conversation now.

    `prompt_tokens` is the size of the last call's prompt, `alive_tokens` the longest prefix that can be read
    and `hour_tokens` the part of it that lives for an hour. The entry of the longest prefix was written
    `steps_back` calls ago.
    """

    prompt_tokens: int = 0
    alive_tokens: int = 0
    hour_tokens: int = 0
    steps_back: int = 1

    @classmethod
    def after(cls, calls: Iterable[PastCall], now: float) -> "CacheState":
        """Return the state at the moment `now` after the calls of one conversation, oldest first."""
        five, hour = _Entry(), _Entry()
        last: PastCall | None = None
        number = 0
        for number, call in enumerate(calls, start=1):
            # A prefix that was not read is gone, even if its time is not over.
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
