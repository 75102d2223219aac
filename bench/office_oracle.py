"""The oracle: it knows the whole day, and chooses by dynamic programming.

A plan pays for two kinds of tokens: those of tools and system, which all conversations of a desk share, and those of
messages. Each kind is minimised for itself, with the other's entries at their best; no plan can pay less than the two
minima together, `bound_usd`. The marks that follow from them are then replayed like those of any other plan.
"""

from decimal import Decimal

from bench.office_people import Day, Request
from bench.office_plans import Accounting, Marks, NoCaching, Offer, tail_of
from chat.claude.cache.breakpoints import Rates

LIFETIMES = {"": 0.0, "5m": 300.0, "1h": 3600.0}
LONG_AGO = float("-inf")
Path = tuple[str, ...]


class Oracle(NoCaching):
    """Chooses the cheapest marks of every request with perfect knowledge."""

    name = "oracle"

    def __init__(self, day: Day, offered: list[Offer]) -> None:
        self._day, self._offers = day, offered
        self._sizes = Accounting(day, offered)
        self._before: dict[Request, Request] = {}
        self._tails: dict[Request, str] = {}
        self._static: dict[Request, str] = {}
        bound = 0.0
        conversations: dict[int, list[Request]] = {}
        for request in day.requests:
            own = conversations.setdefault(request.conversation, [])
            if own:
                self._before[request] = own[-1]
            own.append(request)
        for own in conversations.values():
            bound += self._choose_tails(own)
        for desk in range(len(offered)):
            bound += self._choose_static([request for request in day.requests if request.desk == desk])
        self.bound_usd = Decimal(bound)

    def _choose_tails(self, own: list[Request]) -> float:
        """Choose by the longest entries that live for five minutes and for an hour; a hit refreshes both."""
        states: dict[tuple[int, int], tuple[float, Path]] = {(0, 0): (0.0, ())}
        last = LONG_AGO
        for request in own:
            size, (rates, usd) = self._sizes.message_tokens(request), self._rates(request)
            gap, last = request.at - last, request.at
            after: dict[tuple[int, int], tuple[float, Path]] = {}
            for (five, hour), (cost, path) in states.items():
                five, hour = five * (gap < LIFETIMES["5m"]), hour * (gap < LIFETIMES["1h"])
                hit = max(five, hour)
                for tail, factor in (("", 1.0), ("5m", rates.write_5m), ("1h", rates.write_1h)):
                    spent = cost + usd * (rates.read * hit + factor * (size - hit))
                    kept = (size if tail == "5m" else five, size if tail == "1h" else hour)
                    state = (kept[0] if kept[0] > kept[1] else 0, kept[1])
                    if state not in after or after[state][0] > spent:
                        after[state] = (spent, (*path, tail))
            states = after
        cost, path = min(states.values())
        self._tails |= dict(zip(own, path, strict=True))
        return cost

    def _choose_static(self, own: list[Request]) -> float:
        """Choose for tools and system; a conversation that may have an entry of its own reads them with it."""
        states: dict[str, tuple[float, Path]] = {"": (0.0, ())}
        last = LONG_AGO
        for request in own:
            offer, (rates, usd) = self._offers[request.desk], self._rates(request)
            gap, last = request.at - last, request.at
            after: dict[str, tuple[float, Path]] = {}
            for state, (cost, path) in states.items():
                alive = state if gap < LIFETIMES[state] else ""
                if alive:
                    moves = [(alive, rates.read)]
                elif self._reads_own(request):
                    moves = [("", rates.read)]
                else:
                    moves = [("", 1.0), ("5m", rates.write_5m), ("1h", rates.write_1h)]
                for new, factor in moves if offer.static_tokens >= offer.minimum else moves[:1]:
                    spent = cost + usd * factor * offer.static_tokens
                    if new not in after or after[new][0] > spent:
                        after[new] = (spent, (*path, new))
            states = after
        cost, path = min(states.values())
        self._static |= dict(zip(own, path, strict=True))
        return cost

    def _reads_own(self, request: Request) -> bool:
        before = self._before.get(request)
        return before is not None and request.at - before.at < LIFETIMES[self._tails[before]]

    def _rates(self, request: Request) -> tuple[Rates, float]:
        offer = self._offers[request.desk]
        row = offer.row(offer.static_tokens + self._sizes.message_tokens(request))
        return Rates.of(row), float(row.input) / 1e6

    def marks(self, request: Request) -> Marks:
        marks: Marks = {}
        static, tail = self._static[request], self._tails[request]
        frame, before = self._offers[request.desk].frame, self._before.get(request)
        if static:
            static = "1h" if tail == "1h" else static
            marks["system", 0, len(frame["system"]) - 1] = static
        if before is not None and not (static == "5m" and tail == "1h"):
            marks[tail_of(self._day, before)] = "1h" if tail == "1h" else "5m"
        if tail:
            marks[tail_of(self._day, request)] = tail
        return marks
