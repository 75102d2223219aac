"""The processes of one machine: the web server, the job worker with its schedule, and the local model."""

import sys

from django.conf import settings

from chat.embedded import local_model
from chat.embedded.supervisor import Service

LOCAL_MODEL = "The local model"
GRACE_SECONDS = 35  # five more than running answers and jobs have to finish


def configured_services() -> list[Service]:
    """Return the processes to run with the present settings, the web server first."""
    local = [_local_model()] if settings.LOCAL_MODEL and local_model.weights() else []
    return [_web_server(), _job_worker(), *local]


def _web_server() -> Service:
    return Service(
        name="The web server",
        command=[sys.executable, "-m", "chat.embedded.web", settings.HOST, str(settings.PORT)],
        essential=True,
        grace_seconds=GRACE_SECONDS,
    )


def _job_worker() -> Service:
    """Return the worker. It uses threads, because its jobs wait for the network and the database, not for a core."""
    arguments = ["--beat", "--pool", "threads", "--concurrency", "2", "--loglevel", "warning"]
    single_worker = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    # In a container or on a personal machine the worker may run as root. Celery warns about it because of pickled
    # jobs, but these jobs are JSON.
    warning_options = ["-W", "ignore:You're running the worker with superuser"]
    return Service(
        name="The job worker",
        command=[
            sys.executable,
            *warning_options,
            "-m",
            "celery",
            "--quiet",
            "--app",
            "config",
            "worker",
            *arguments,
            *single_worker,
        ],
        late=True,
        grace_seconds=GRACE_SECONDS,
    )


def _local_model() -> Service:
    return Service(
        name=LOCAL_MODEL,
        command=[sys.executable, "-m", "chat.embedded.local_model", str(settings.LOCAL_MODEL_PORT)],
        environment={"LOCAL_MODEL_KEY": settings.LOCAL_MODEL_KEY},
        wave=2,  # after the web server, whose last answers may still come from it
    )
