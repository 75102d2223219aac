"""`manage.py simulate`: the simulator of the Messages API alone, as an upstream for any client."""

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from chat.simulator.app import DEFAULT_PACE, create_app
from chat.simulator.scenarios import SCENARIOS
from chat.simulator.transport.wire import ApiError

SHUTDOWN_SECONDS = 2


class Command(BaseCommand):
    """Serve the simulator until interrupted. It needs neither database nor network."""

    help = "Serve a local simulator of the Messages API."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9100, help=_("port to listen on (default 9100)"))
        parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on (default 127.0.0.1)"))
        parser.add_argument(
            "--scenario", default="default", help=_('default scenario, such as "stall seconds=5"')
        )
        parser.add_argument("--seed", type=int, default=0, help=_("seed of the answers (default 0)"))
        parser.add_argument(
            "--key", action="append", help=_("API key to accept; can be repeated; default: any key")
        )
        parser.add_argument(
            "--pace",
            type=float,
            default=DEFAULT_PACE,
            help=_("deltas per second, 0 for as fast as possible (default 60)"),
        )
        parser.add_argument("--list-scenarios", action="store_true", help=_("print the scenarios and exit"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list_scenarios"]:
            self._list()
            return
        try:
            app = create_app(
                scenario=options["scenario"], seed=options["seed"], keys=options["key"], pace=options["pace"]
            )
        except ApiError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"http://{options['host']}:{options['port']}")
        uvicorn.run(
            app,
            host=options["host"],
            port=options["port"],
            loop="uvloop",
            http="httptools",
            ws="none",
            log_level="critical",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )

    def _list(self) -> None:
        width = max(map(len, SCENARIOS))
        for scenario in SCENARIOS.values():
            defaults = " ".join(f"{name}={value}" for name, value in scenario.defaults.items() if value)
            self.stdout.write(
                f"{scenario.name:<{width}}  {scenario.about}{f'  [{defaults}]' if defaults else ''}"
            )
