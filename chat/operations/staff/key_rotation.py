"""Key rotation: secrets of earlier keys are encrypted by the first one, so that the others can be removed."""

import dataclasses
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Cast

from chat.models import encryption
from chat.models.fields import SecretTextField, Unreadable

# Where allauth stores texts that its adapter encrypted: one text, or a list.
SECOND_FACTORS = ("secret", "seed", "migrated_codes")


@dataclasses.dataclass(slots=True)
class Renewed:
    """The number of secrets that were encrypted again, and of those that no key decrypts."""

    renewed: int = 0
    unreadable: int = 0


def renew_secrets() -> Renewed:
    """Encrypt by the first key all secrets of other keys and of the older format. Safe to repeat."""
    done = Renewed()
    with transaction.atomic():
        for model in apps.get_app_config("chat").get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, SecretTextField):
                    _renew_column(model, field.attname, done)
        _renew_second_factors(done)
    return done


def _renew_column(model: type[models.Model], column: str, done: Renewed) -> None:
    rows = model._default_manager.select_for_update().exclude(**{column: None})
    raw = rows.annotate(stored=Cast(column, models.TextField())).values_list("pk", "stored", column)
    for key, stored, secret in list(raw):
        if isinstance(secret, Unreadable):
            done.unreadable += 1
        elif not encryption.is_current("field", stored):
            model._default_manager.filter(pk=key).update(**{column: secret})
            done.renewed += 1


def _renew_second_factors(done: Renewed) -> None:
    for row in list(Authenticator.objects.select_for_update()):
        data = {name: _each(row.data[name], done) for name in SECOND_FACTORS if name in row.data}
        if any(row.data[name] != text for name, text in data.items()):
            Authenticator.objects.filter(pk=row.pk).update(data={**row.data, **data})


def _each(value: Any, done: Renewed) -> Any:
    return [_renewed(text, done) for text in value] if isinstance(value, list) else _renewed(value, done)


def _renewed(stored: str, done: Renewed) -> str:
    if encryption.is_current("mfa", stored):
        return stored
    try:
        anew = encryption.encrypt("mfa", encryption.decrypt("mfa", stored))
    except InvalidToken:
        done.unreadable += 1
        return stored
    done.renewed += 1
    return anew
