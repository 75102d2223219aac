"""The one Django application of Parley."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = "Parley"
    default_auto_field = "django.db.models.BigAutoField"
