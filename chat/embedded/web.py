"""The web server of one machine. It prepares the data and serves, so one process imports the application once.

On several machines `manage.py prepare` and `python -m uvicorn`, with the options of docs/operations.md, do
the same.
"""

import os
import sys
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from chat.claude.encoding.client_json import LONGEST_BYTES
from chat.embedded.protocols import HttpProtocol, SocketProtocol, uvicorn
from config.data_folder import write_privately

OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": HttpProtocol,
    "ws": SocketProtocol,
    # No header says who asks or how, unless it is configured (TRUSTED_PROXIES, HTTPS).
    "proxy_headers": False,
    # Compression needs 86 KiB per busy socket and does not shrink small frames.
    "ws_per_message_deflate": False,
    "ws_max_size": LONGEST_BYTES,
    "timeout_graceful_shutdown": 30,
    "lifespan": "on",
    "access_log": False,
    "log_config": None,  # Django's configuration applies: structured lines
}


def serve_web(host: str, port: str) -> None:
    """Run `python -m chat.embedded.web HOST PORT`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    write_privately()
    try:
        django.setup()
        call_command("prepare")
    except (ImproperlyConfigured, CommandError) as error:
        sys.exit(str(error))
    uvicorn.run("config.asgi:application", host=host, port=int(port), **OPTIONS)


if __name__ == "__main__":
    serve_web(*sys.argv[1:])
