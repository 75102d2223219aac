"""Uploads of exports."""

from django.core.files.base import ContentFile

from chat.models import Import, User
from chat.operations.imports.begin import begin_import


def upload(owner: User, data: bytes, name: str = "export.zip") -> Import:
    return begin_import(owner=owner, name=name, file=ContentFile(data))
