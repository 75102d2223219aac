"""The web server of one machine: it prepares the data and serves, in one process that imports the application once.

On several machines `manage.py prepare` and `python -m uvicorn`, with the options of docs/operations.md, do the same.
"""

import os
import sys
from typing import Any

import django
import uvicorn
from django.core.management import call_command

OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
    "ws": "websockets-sansio",
    # Compression costs 86 KiB a busy socket, and small frames gain nothing from it.
    "ws_per_message_deflate": False,
    "ws_max_size": 1024 * 1024,
    "timeout_graceful_shutdown": 30,
    "lifespan": "on",
    "access_log": False,
    "log_config": None,  # Django's: structured, like every other line
}


def serve_web(host: str, port: str) -> None:
    """Run `python -m chat.embedded.web HOST PORT`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("prepare")
    uvicorn.run("config.asgi:application", host=host, port=int(port), **OPTIONS)


if __name__ == "__main__":
    serve_web(*sys.argv[1:])
