"""Runs Parley on one machine. It reads the settings but loads no application, so it starts fast and stays small."""

import asyncio
import contextlib
import errno
import os
import socket
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chat.embedded.services import LOCAL_MODEL, configured_services
from chat.embedded.supervisor import Service, Supervisor
from config.data_folder import write_privately

POLL_SECONDS = 0.05


class CantStart(Exception):
    """Parley can't start; the message is one sentence for the person who started it."""


def run_up() -> int:
    """Run everything until a signal or the end of the web server; return the exit code."""
    write_privately()
    try:
        supervisor = Supervisor(_services(), say=_say)
    except (CantStart, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if sys.stderr.isatty():
        os.environ.setdefault(
            "LOG_FORMAT", "console"
        )  # for a person at a terminal; the environment or .env may override it
    return asyncio.run(supervisor.run(_wait_until_serving))


def _services() -> list[Service]:
    if not _is_port_free(settings.HOST, settings.PORT):
        raise CantStart(
            f"Port {settings.PORT} on {settings.HOST} is taken. "
            f"Stop what uses it, or choose another: PORT={settings.PORT + 10} make run"
        )
    services = configured_services()
    if any(service.name == LOCAL_MODEL for service in services) and not _is_port_free(
        "127.0.0.1", settings.LOCAL_MODEL_PORT
    ):
        _say(f"Port {settings.LOCAL_MODEL_PORT} is taken: no local model. LOCAL_MODEL_PORT moves it.")
        return [service for service in services if service.name != LOCAL_MODEL]
    return services


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _is_port_free(host: str, port: int) -> bool:
    """Return whether this process could listen there.

    Raises:
        CantStart: the address can't be used at all: it belongs to another machine, or the port needs
            privileges.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise CantStart(f"Can't listen on {host}:{port}: {error.strerror or error}.") from error
    return True


async def _wait_until_serving() -> None:
    while not await _is_serving(settings.OWN_HOST):  # noqa: ASYNC110 - another process: there is no event to wait for
        await asyncio.sleep(POLL_SECONDS)
    _say(f"Parley is ready at {settings.OWN_URL}  (Ctrl-C stops it)")


async def _is_serving(host: str) -> bool:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, settings.PORT)
            writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            line = await reader.readline()
            writer.close()
            # Any status below 500 shows a working server, even a refused host name.
            return line.startswith(b"HTTP/") and line.split()[1] < b"500"
    return False
