"""Creates the administrator at the first start. If no password is set, a random one is printed once."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from chat.operations.accounts.users import ensure_admin

FRAME = "=" * 72


class Command(BaseCommand):
    help = "Create the administrator ADMIN_EMAIL if there is none yet."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            password = ensure_admin(email=settings.ADMIN_EMAIL, password=settings.ADMIN_PASSWORD)
        except ValidationError as error:
            raise CommandError(f"ADMIN_PASSWORD can't be used. {' '.join(error.messages)}") from None
        if password is None:
            return
        if settings.ADMIN_PASSWORD:
            self.stdout.write(
                f"Administrator {settings.ADMIN_EMAIL} created with the password of ADMIN_PASSWORD."
            )
            return
        lines = (
            FRAME,
            "  Parley's administrator. This password is shown once; write it down.",
            f"  Email:    {settings.ADMIN_EMAIL}",
            f"  Password: {password}",
            FRAME,
        )
        self.stdout.write("\n".join(lines))
