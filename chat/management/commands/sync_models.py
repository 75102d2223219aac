"""Updates limits, capabilities and lifecycle of all models from the providers' models endpoints."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.models import ProviderConnection
from chat.operations.catalogue.sync import EMBEDDED, sync_models


class Command(BaseCommand):
    help = "Update the models of every connection, from its list of models or from the catalogue."

    def handle(self, *args: Any, **options: Any) -> None:
        connections = ProviderConnection.objects.usable().exclude(kind__in=EMBEDDED)
        for connection in connections.by_preference():
            report = sync_models(connection)
            if report.problem:
                self.stdout.write(f"{connection.name}: could not be read: {report.problem}")
                continue
            self.stdout.write(f"{connection.name}: {len(report.added)} added, {len(report.changed)} changed.")
            for model_id in report.unpriced:
                self.stdout.write(f"  {model_id} has no known price: add one, then switch it on.")
