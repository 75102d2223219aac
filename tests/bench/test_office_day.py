"""The office day: Parley's cache plan compared with the oracle, and its counts with the simulator's invoice."""

import dataclasses

import pytest
from anthropic import Anthropic

from bench.office_day import LIMIT, SEED, Report, report, run
from bench.office_oracle import Oracle
from bench.office_people import simulate
from bench.office_plans import Accounting, Learned, Marks, NoCaching, Parley, Usual, UsualHour, offers
from chat.claude.billing.usage import Usage
from chat.claude.cache.cache_control import CACHE_CONTROL
from chat.simulator.app import create_app
from tests.support.clock import Clock
from tests.support.simulator import Upstream

SHARE = 0.25


@pytest.fixture(scope="module", params=[(SEED, 1.0), (11, SHARE)])
def found(request: pytest.FixtureRequest) -> Report:
    return report(*request.param)


def test_parley_costs_at_most_five_percent_above_the_oracle(found: Report) -> None:
    assert found[Parley].prompt_usd <= LIMIT * found[Oracle].prompt_usd
    assert found[Parley].prompt_usd < found[Usual].prompt_usd < found[NoCaching].prompt_usd
    assert found[Parley].prompt_usd < found[UsualHour].prompt_usd
    assert found.holds


def test_oracle_costs_no_more_than_its_bound(found: Report) -> None:
    """What it pays for its marks, replayed, is what no plan could go below, but for what both kinds of tokens share."""
    assert found.bound_usd <= found[Oracle].prompt_usd <= found.bound_usd * 101 / 100
    assert all(found.bound_usd <= bill.prompt_usd for bill in found.bills)


def test_the_report_has_a_table_and_a_chart(found: Report) -> None:
    lines = found.text().splitlines()
    assert [line.split("|")[1].strip() for line in lines[4:9]] == [bill.plan for bill in found.bills]
    assert lines[10].startswith("no caching")
    assert lines[10].count("█") == 60
    assert lines[-1].startswith("Parley pays 1.0")
    assert "holds" in lines[-1]


def test_missed_limit_is_reported() -> None:
    made = report(3, 0.02)
    dear = dataclasses.replace(made[Parley], prompt_usd=made[Usual].prompt_usd * 2)
    bills = [dear if bill.plan == dear.plan else bill for bill in made.bills]
    assert "MISSED" in Report(3, bills, made.bound_usd).text()


def test_same_seed_is_the_same_day() -> None:
    assert simulate(1, 0.1).requests == simulate(1, 0.1).requests != simulate(2, 0.1).requests


class OverHttp(Parley):
    """Parley's plan whose requests also go to the simulator: both ways have to count the same."""

    def __init__(self, *known: object, client: Anthropic, clock: Clock) -> None:
        super().__init__(*known)  # type: ignore[arg-type]
        self._client, self._clock, self._began = client, clock, clock()
        self.told: list[Usage] = []

    def marks(self, request: object) -> Marks:
        marks = super().marks(request)  # type: ignore[arg-type]
        self._clock.now = self._began + request.at  # type: ignore[attr-defined]
        self.told.append(self._send(request, marks))
        return marks

    def _send(self, request: object, marks: Marks) -> Usage:
        frame = self._offers[request.desk].frame  # type: ignore[attr-defined]
        whole = self._day.messages[request.conversation][: request.messages]  # type: ignore[attr-defined]

        def marked(part: str, at: int, blocks: list[dict[str, object]]) -> list[dict[str, object]]:
            return [
                {**block, "cache_control": CACHE_CONTROL[marks[part, at, index]]}
                if (part, at, index) in marks
                else block
                for index, block in enumerate(blocks)
            ]

        body = {
            part: marked(part, 0, value) if isinstance(value, list) else value
            for part, value in frame.items()
        }
        messages = [
            {**message, "content": marked("messages", at, message["content"])}
            for at, message in enumerate(whole)
        ]
        answer = self._client.messages.create(**body, messages=messages, max_tokens=1)
        usage = Usage.from_api(answer.usage.to_dict())
        return dataclasses.replace(usage, output_tokens=0, thinking_tokens=0)


def test_pure_count_equals_the_simulators_invoice() -> None:
    day, offered, clock = simulate(8, 0.02), offers(), Clock(1_800_000_000.0)
    pure: list[Usage] = []

    class Noted(Accounting):
        def send(self, request, marks):  # type: ignore[no-untyped-def]
            usage = super().send(request, marks)
            pure.append(dataclasses.replace(usage, output_tokens=0))
            return usage

    with (
        Upstream(create_app(pace=0, clock=clock)) as upstream,
        Anthropic(api_key="sk-office", base_url=upstream.url, max_retries=0, timeout=20) as client,
    ):
        plan = OverHttp(day, offered, Learned([simulate(9, 0.02)]), client=client, clock=clock)
        run(plan, day, offered, Noted(day, offered))
    assert len(pure) == len(day.requests) > 40
    assert plan.told == pure
    assert sum(usage.cache_read_tokens for usage in pure) > sum(usage.input_tokens for usage in pure)
