"""Starts Parley on one machine. manage.py calls the same function directly, without loading applications."""

import sys
from typing import Any

from django.core.management import BaseCommand

from chat.embedded import up


class Command(BaseCommand):
    help = "Prepare the data and run the web server, the jobs and the local model until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(up.run_up())
