"""Applications of others, set up as Parley needs them."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Puts Parley's own site in place of the framework's."""

    default_site = "config.admin_site.Site"


class DaphneConfig(AppConfig):
    """Gives `runserver` to daphne. Its own configuration would load a whole server into every process (15 MiB)."""

    name = "daphne"
