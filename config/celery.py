"""The Celery application. The database holds the state of every job; the broker only triggers it."""

import os

from celery import Celery
from celery.signals import celeryd_init

from config.data_folder import write_privately

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("parley")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def _write_privately(**_worker: object) -> None:
    write_privately()
