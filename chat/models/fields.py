"""Field types and identifiers that the tables share."""

import functools
import os
import time
import uuid
from typing import Any

from cryptography.fernet import InvalidToken
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from encrypted_fields.fields import EncryptedTextField

from chat.claude.encoding.exact_numbers import exact_json, read_json
from chat.models import encryption
from chat.search_text.markup import fold_without_marks


def uuid7() -> uuid.UUID:
    """Return a UUID that sorts by creation time (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = int.from_bytes(milliseconds.to_bytes(6, "big") + os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=value)


UNREADABLE = _(
    "The stored secret can’t be decrypted: its key is not in FIELD_ENCRYPTION_KEYS. Enter the secret "
    "again, or restore the key."
)


class Unreadable(str):
    """A secret that no key decrypts: an empty text, so that it is never used. `stored` is the content of the column."""

    stored: str

    def __new__(cls, stored: str) -> "Unreadable":
        made = super().__new__(cls, "")
        made.stored = stored
        return made


def is_kept(secret: str | None) -> bool:
    """Return whether a column holds a secret, readable or not."""
    return bool(secret) or isinstance(secret, Unreadable)


class SecretTextField(EncryptedTextField):
    """A text that is encrypted in the database and plain everywhere else.

    The library takes its keys from SECRET_KEY too, hands out what it can't decrypt as if it were the secret, and keeps
    a form's state on the field that all threads share. Only what it has encrypted is still read in its way.
    """

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return None if value is None else _opened(value)

    def to_python(self, value: Any) -> Any:
        return models.TextField.to_python(self, value)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return models.TextField.clean(self, value, model_instance)

    def get_prep_value(self, value: Any) -> str | None:
        if isinstance(value, Unreadable):
            return value.stored
        return encryption.encrypt("field", str(value)) if value else None

    def deconstruct(self) -> Any:
        # The column is the same, so there is nothing to migrate.
        name, _path, arguments, options = super().deconstruct()
        return name, f"{EncryptedTextField.__module__}.{EncryptedTextField.__name__}", arguments, options


def _opened(stored: str) -> str:
    try:
        return encryption.decrypt("field", stored)
    except InvalidToken:
        pass
    try:
        return _library(settings.SECRET_KEY, tuple(settings.SALT_KEY)).decrypt(stored.encode()).decode()
    except (InvalidToken, UnicodeEncodeError):
        return Unreadable(stored)


@functools.lru_cache
def _library(_secret: str, _salts: tuple[str, ...]) -> Any:
    """The cipher of texts that the library encrypted; creating it takes a tenth of a second."""
    return EncryptedTextField().f


def encrypted_text(label: Any, **options: Any) -> "models.TextField[Any, Any]":
    """Return a column for a secret, "" or NULL without one: the field stores an empty value as NULL."""
    return SecretTextField(label, null=True, blank=True, default="", **options)


class ExactJSONField(models.TextField):
    """JSON kept as the text it was: key order, numbers and unknown fields survive.

    PostgreSQL's jsonb reorders keys, which would change cached prompt prefixes and signed transcripts.
    """

    description = "Exact JSON"
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else read_json(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else exact_json(value)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return read_json(value)
        except ValueError as error:
            raise ValidationError(_("This is not valid JSON: %(error)s"), params={"error": error}) from error

    def value_to_string(self, obj: models.Model) -> str:
        return exact_json(self.value_from_object(obj))

    def value_from_object(self, obj: models.Model) -> Any:
        return getattr(obj, self.attname)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.JSONField, "max_length": None, **kwargs})


class FoldedTextField(models.TextField):
    """Another column of the row, folded for search. Every `save`, `create` and `bulk_create` writes it.

    It is NULL in rows that were written before the column was there; `chat/search/index.py` fills it in. An `update` of
    the other column has to set both.
    """

    def __init__(self, *args: Any, of: str = "", **options: Any) -> None:
        self.of = of
        super().__init__(*args, **{"editable": False, "null": True, **options})

    def deconstruct(self) -> Any:
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, {**options, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        folded = fold_without_marks(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, folded)
        return folded
