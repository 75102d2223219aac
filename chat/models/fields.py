"""Field types and identifiers that the tables share."""

import json
import os
import time
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from encrypted_fields.fields import EncryptedTextField

from chat.claude.request import exact_json


def uuid7() -> uuid.UUID:
    """Return a UUID that sorts by creation time (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = int.from_bytes(milliseconds.to_bytes(6, "big") + os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=value)


def encrypted_text(label: Any, **options: Any) -> EncryptedTextField:
    """Return a column for a secret, "" or NULL without one: the field stores an empty value as NULL."""
    return EncryptedTextField(label, null=True, blank=True, default="", **options)


class ExactJSONField(models.TextField):
    """JSON kept as the text it was: key order, numbers and unknown fields survive.

    PostgreSQL's jsonb reorders keys, which would change cached prompt prefixes and signed transcripts.
    """

    description = "Exact JSON"
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else exact_json(value)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValidationError(_("This is not valid JSON: %(error)s"), params={"error": error}) from error

    def value_to_string(self, obj: models.Model) -> str:
        return exact_json(self.value_from_object(obj))

    def value_from_object(self, obj: models.Model) -> Any:
        return getattr(obj, self.attname)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.JSONField, "max_length": None, **kwargs})
