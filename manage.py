#!/usr/bin/env python
"""Django's command line for Parley."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:] == ["up"]:
        # It only supervises: loading the applications would cost each start two seconds and 100 MB.
        from chat.embedded.up import run_up as up  # noqa: PLC0415

        sys.exit(up())
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # a sentence; the lines of a traceback would bury it


if __name__ == "__main__":
    main()
