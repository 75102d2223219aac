"""Serves the local model alone, without the rest of Parley."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from chat.embedded import local_model


class Command(BaseCommand):
    help = "Serve the small local model on loopback, speaking the Messages API, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.LOCAL_MODEL_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            local_model.serve(port=options["port"], key=settings.LOCAL_MODEL_KEY)
        except RuntimeError as error:
            raise CommandError(str(error)) from error
