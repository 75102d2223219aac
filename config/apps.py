"""Configurations of Django applications: the project's own and those of third parties."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

from config.lean_imports import import_alone, import_without

import_alone("django.test.signals")  # ninja takes a signal from there, and with it all tools of tests


class AdminConfig(DjangoAdminConfig):
    """Uses Parley's own admin site."""

    default_site = "config.admin_site.Site"


class ProjectConfig(AppConfig):
    """Loads the Celery application with Django, so that `shared_task` finds it.

    `manage.py up` reads the settings without the applications, and so without Celery.
    """

    name = "config"

    def ready(self) -> None:
        import_module("config.celery")
        # No model has a column of PostgreSQL's own, whose types would load its driver on SQLite too.
        import_without("unfold.overrides", "django.contrib.postgres.fields")


class DaphneConfig(AppConfig):
    """Lets daphne serve `runserver`. Its own configuration would load a whole server into every process (15 MiB)."""

    name = "daphne"
