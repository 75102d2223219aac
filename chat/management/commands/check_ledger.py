"""Checks the ledger for consistency, and against an upstream's invoice if one is given."""

import sys
from typing import Any

import httpx2
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.operations.billing.ledger_check import Report, check_invoice, check_ledger


class Command(BaseCommand):
    help = "Check the ledger for wrong sums, orphans and gaps. Exits with 1 if something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--invoice",
            metavar="URL",
            help="simulator whose invoice is compared with the ledger, request by request",
        )
        parser.add_argument(
            "--connection", metavar="NAME", default="", help="compare the rows of this connection only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = check_ledger()
        if options["invoice"]:
            report.findings += check_invoice(_invoice(options["invoice"]), connection=options["connection"])
        for finding in report.findings:
            self.stdout.write(f"{finding.kind}: {finding.subject}: {finding.detail}")
        self.stdout.write(_summary(report))
        if not report.clean:
            sys.exit(1)


def _invoice(url: str) -> list[dict[str, Any]]:
    address = url if url.endswith("/invoice") else f"{url.rstrip('/')}/simulator/invoice"
    try:
        answer = httpx2.get(address, timeout=30).raise_for_status()
        return list(answer.json()["rows"])
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"No invoice at {address}: {error}") from error


def _summary(report: Report) -> str:
    certainties = ", ".join(f"{count} {name}" for name, count in sorted(report.certainties.items()))
    figures = f"{report.calls} calls ({certainties or 'none'}), {report.turns} turns, {report.cost_usd:f} USD"
    return f"clean: {figures}" if report.clean else f"{len(report.findings)} findings in {figures}"
