"""Creates and updates the rows of Python functions and of the provider's own tools. It may run at every start."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.operations.staff.tool_listings import sync_tools


class Command(BaseCommand):
    help = "Adds rows for tools that are Python functions or run by the provider; what staff decided stays."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        report = sync_tools()
        if report.added or report.refreshed:
            self.stdout.write(f"Tools: {len(report.added)} added, {len(report.refreshed)} refreshed.")
        for name in report.taken:
            self.stdout.write(f"The function {name} has no row: another tool has its name.")
