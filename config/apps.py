"""Configurations of third-party applications."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Uses Parley's own admin site."""

    default_site = "config.admin_site.Site"


class DaphneConfig(AppConfig):
    """Lets daphne serve `runserver`. Its own configuration would load a whole server into every process (15 MiB)."""

    name = "daphne"
