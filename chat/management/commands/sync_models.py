"""Bring limits, capabilities and lifecycle of all models up to date from the providers' models endpoints."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.models import ProviderConnection
from chat.operations.model_sync import sync_models

Kind = ProviderConnection.Kind


class Command(BaseCommand):
    help = "Reads the models endpoint of every connection to Anthropic or a compatible server."

    def handle(self, *args: Any, **options: Any) -> None:
        connections = ProviderConnection.objects.usable().filter(kind__in=(Kind.ANTHROPIC, Kind.COMPATIBLE))
        for connection in connections.by_preference():
            report = sync_models(connection)
            if report.problem:
                self.stdout.write(f"{connection.name}: not read: {report.problem}")
                continue
            self.stdout.write(f"{connection.name}: {len(report.added)} added, {len(report.changed)} changed.")
            for model_id in report.unpriced:
                self.stdout.write(f"  {model_id} has no known price: add one, then switch it on.")
