"""Brings a data store up to date: run it before a start, or before a deployment's new processes."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from chat.embedded.static_files import collect_changed
from chat.models import missing_migrations
from chat.operations.staff.key_rotation import renew_secrets
from config.data_folder import make_private, write_privately
from config.database import require_connection


class Command(BaseCommand):
    help = (
        "Migrate, encrypt secrets with the first key, load the catalogue and tools, create the administrator "
        "if there is none, and collect static files. Safe to repeat."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        write_privately()
        self._close_data_folder()
        if connection.vendor == "postgresql":
            try:
                require_connection(connection.get_connection_params())
            except ImproperlyConfigured as error:
                raise CommandError(error) from None
        if missing_migrations.are_missing():
            call_command("migrate", interactive=False, verbosity=0)
        self._renew_secrets()
        call_command("load_catalogue", stdout=self.stdout)
        call_command("sync_tools", stdout=self.stdout)
        call_command("ensure_admin", stdout=self.stdout)
        collect_changed()

    def _close_data_folder(self) -> None:
        open_still = make_private(Path(settings.DATA_DIR))
        if open_still:
            self.stderr.write(
                f"Other accounts of this machine can still reach {len(open_still)} files or folders of DATA_DIR, "
                f"such as {open_still[0]}: they belong to another account."
            )

    def _renew_secrets(self) -> None:
        done = renew_secrets()
        if done.renewed:
            self.stdout.write(
                f"{done.renewed} secrets were encrypted with the first of FIELD_ENCRYPTION_KEYS."
            )
        if done.unreadable:
            self.stderr.write(
                f"{done.unreadable} stored secrets can't be decrypted: their key is not in FIELD_ENCRYPTION_KEYS."
            )
