"""Creates and updates the rows of Python functions and of the provider's own tools. It may run at every start."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.operations.staff.tool_listings import sync_tools


class Command(BaseCommand):
    help = "Add rows for Python functions and provider's tools. Changes by staff are kept."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        report = sync_tools()
        if report.added or report.refreshed:
            self.stdout.write(f"Tools: {len(report.added)} added, {len(report.refreshed)} refreshed.")
        for name in report.taken:
            self.stdout.write(f"The function {name} was not added: another tool has this name.")
        for name, reason in report.refused.items():
            self.stdout.write(f"The function {name} is not used: {reason}.")
