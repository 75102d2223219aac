"""`python -m bench.office_day [SEED]`: what caching costs on a simulated office day, plan by plan."""

import dataclasses
import sys
from decimal import Decimal

from bench.office_oracle import Oracle
from bench.office_people import Day, simulate
from bench.office_plans import Accounting, Learned, NoCaching, Offer, Parley, Usual, UsualHour, offers
from chat.claude.billing.pricing import price
from chat.claude.billing.usage import Usage

SEED = 20261123
DAYS_BEFORE = 5
LIMIT = Decimal("1.05")
COLUMNS = ("plan", "prompts", "x oracle", "bill", "calls", "calls that read", "calls that write",
           "tokens read", "written 5m", "written 1h", "plain")  # fmt: skip
BAR = 60


@dataclasses.dataclass(slots=True)
class Bill:
    """What a plan made of the day; costs in USD."""

    plan: str
    calls: int = 0
    reads: int = 0
    writes: int = 0
    usage: Usage = dataclasses.field(default_factory=Usage)
    prompt_usd: Decimal = Decimal(0)
    output_usd: Decimal = Decimal(0)
    by_desk_usd: dict[str, Decimal] = dataclasses.field(default_factory=dict)

    def add(self, offer: Offer, usage: Usage) -> None:
        cost = price(usage, offer.row(usage.prompt_tokens))
        prompt = cost.total - cost.lines["output"]
        self.calls += 1
        self.reads += bool(usage.cache_read_tokens)
        self.writes += bool(usage.cache_write_5m_tokens + usage.cache_write_1h_tokens)
        sums = zip(dataclasses.astuple(self.usage), dataclasses.astuple(usage), strict=True)
        self.usage = Usage(*(before + new for before, new in sums))
        self.output_usd += cost.lines["output"]
        self.prompt_usd += prompt
        self.by_desk_usd[offer.desk.name] = self.by_desk_usd.get(offer.desk.name, Decimal(0)) + prompt

    def cells(self, oracle: "Bill") -> tuple[str, ...]:
        used = self.usage
        return (
            self.plan,
            f"${self.prompt_usd:,.2f}",
            f"{self.prompt_usd / oracle.prompt_usd:.3f}",
            f"${self.prompt_usd + self.output_usd:,.2f}",
            *(f"{count:,}" for count in (self.calls, self.reads, self.writes, used.cache_read_tokens)),
            *(f"{count:,}" for count in (used.cache_write_5m_tokens, used.cache_write_1h_tokens)),
            f"{used.input_tokens:,}",
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """The bills of all plans for one day; `bound_usd` is below what any plan could pay for the prompts."""

    seed: int
    bills: list[Bill]
    bound_usd: Decimal

    def __getitem__(self, plan: type[NoCaching]) -> Bill:
        return next(bill for bill in self.bills if bill.plan == plan.name)

    @property
    def times_oracle(self) -> Decimal:
        return self[Parley].prompt_usd / self[Oracle].prompt_usd

    @property
    def holds(self) -> bool:
        return self.times_oracle <= LIMIT and self[Parley].prompt_usd <= self[Usual].prompt_usd

    def text(self) -> str:
        """Return the table and the chart."""
        parley, usual, oracle = self[Parley], self[Usual], self[Oracle]
        verdict = (
            f"Parley pays {self.times_oracle:.3f} of the oracle (limit {LIMIT}) and "
            f"{parley.prompt_usd / usual.prompt_usd:.2f} of the usual plan: {'holds' if self.holds else 'MISSED'}. "
            f"No plan could pay less than ${self.bound_usd:,.2f}."
        )
        return "\n".join(
            [
                f"Office day {self.seed}: what prompts cost, by cache plan",
                "",
                _table([COLUMNS, *(bill.cells(oracle) for bill in self.bills)]),
                "",
                *(self._bar(bill) for bill in self.bills),
                "",
                verdict,
            ]
        )

    def _bar(self, bill: Bill) -> str:
        most = max(other.prompt_usd for other in self.bills)
        width = max(1, round(BAR * bill.prompt_usd / most))
        return f"{bill.plan:22}{'█' * width} ${bill.prompt_usd:,.2f}"


def report(seed: int = SEED, share: float = 1.0) -> Report:
    """Simulate the day of a seed, with this share of the people, and let every plan run it."""
    offered, day = offers(), simulate(seed, share)
    learned = Learned(simulate(seed + number, share) for number in range(1, DAYS_BEFORE + 1))
    oracle = Oracle(day, offered)
    usual = (Usual(day, offered), UsualHour(day, offered))
    plans = (NoCaching(), *usual, Parley(day, offered, learned), oracle)
    return Report(seed, [run(plan, day, offered) for plan in plans], oracle.bound_usd)


def run(plan: NoCaching, day: Day, offered: list[Offer], accounting: Accounting | None = None) -> Bill:
    """Send all requests of the day in their order and add up the bill."""
    bill, accounting = Bill(plan.name), accounting or Accounting(day, offered)
    for request in day.requests:
        usage = accounting.send(request, plan.marks(request))
        bill.add(offered[request.desk], usage)
        plan.billed(request, usage)
    return bill


def _table(lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)


if __name__ == "__main__":
    print(report(int(sys.argv[1]) if len(sys.argv) > 1 else SEED).text())
