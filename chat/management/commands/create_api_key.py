"""Creates an API key for a person and prints it once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import create_api_key
from chat.operations.errors import OperationError


class Command(BaseCommand):
    help = "Create an API key for a person and print it once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL", help="email address of the owner")
        parser.add_argument("--name", required=True, help="name of the key")
        parser.add_argument(
            "--scope",
            action="append",
            choices=ApiKey.Scope.values,
            help="scope of the key; repeat for more (default: chat)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active person with the email address {options['user']}.")
        try:
            _key, secret = create_api_key(
                user=user, name=options["name"], scopes=options["scope"] or [ApiKey.Scope.CHAT]
            )
        except OperationError as error:
            raise CommandError(error.message) from error
        self.stdout.write(secret)
