"""Creates the connections of a first start and adds new models and prices. It may run at every start."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.operations.catalogue.seed import load_catalogue


class Command(BaseCommand):
    help = "Add the connections, models and prices of the catalogue. Changes by staff are kept."

    def handle(self, *args: Any, **options: Any) -> None:
        report = load_catalogue()
        for name in report.connections:
            self.stdout.write(f"Connection added: {name}")
        if not (report.models or report.prices or report.refreshed):
            return
        self.stdout.write(
            f"Catalogue: {len(report.models)} models and {len(report.prices)} prices added, "
            f"{len(report.refreshed)} models refreshed."
        )
