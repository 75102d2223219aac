"""Jobs in a real Celery worker on every broker: a job delivered twice runs once, and a killed worker loses none."""

import datetime as dt
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.contrib.sessions.models import Session
from django.utils import timezone

from chat.models import Attachment, TurnEvent
from chat.operations.files.uploads import store_upload
from chat.tasks import clear_files_task, clear_sessions_task, clear_turn_events_task
from tests import factories
from tests.support.environment import ROOT
from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream

TITLE = "chat.tasks.title_conversation_task"
ANSWERED = """
from chat.models import LanguageModel, User
from tests import factories
chat = factories.conversation(User.objects.get(email="insider@example.test"))
factories.turn(chat, text={text!r}, answer="Very high.", model=LanguageModel.objects.get(id={model!r}))
print(chat.id)
"""
LONGEST_WAIT_SECONDS = 180

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parley(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    """A Parley whose web server is not needed."""
    made = create_parley(
        prepared_data, tmp_path_factory.mktemp("jobs") / "parley", upstream, [{"name": "plain"}]
    )
    yield made
    made.server.kill()


class Worker:
    """A Celery worker with a queue of its own, and a publisher for it."""

    def __init__(self, parley: Parley, broker: str) -> None:
        self.queue = f"parley-test-{secrets.token_hex(4)}"
        self.environment = {**parley.server.environment, "CELERY_BROKER_URL": broker}
        self.publisher = Celery(broker=broker or "filesystem://localhost", set_as_current=False)
        folder = str(parley.server.data_dir / "broker" / "messages")
        if not broker:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.publisher.conf.broker_transport_options = {
                "data_folder_in": folder,
                "data_folder_out": folder,
                "control_folder": str(parley.server.data_dir / "broker" / "control"),
            }
        self.process: subprocess.Popen[bytes] | None = None

    def publish(self, task: str, *arguments: str) -> None:
        self.publisher.send_task(task, args=arguments, queue=self.queue, ignore_result=True)

    def start(self) -> None:
        command = "--quiet --app config worker --pool threads --concurrency 2 --loglevel warning"
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "celery", *command.split(), "--queues", self.queue],
            cwd=ROOT,
            env=self.environment,
        )

    def end(self, how: str = "terminate") -> None:
        if self.process is not None:
            getattr(self.process, how)()
            self.process.wait(60)
            self.process = None


@pytest.fixture(
    params=[
        "",
        pytest.param("redis_url", marks=pytest.mark.services),
        pytest.param("amqp_url", marks=pytest.mark.services),
    ],
    ids=["filesystem", "redis", "rabbitmq"],
)
def worker(request: pytest.FixtureRequest, parley: Parley) -> Iterator[Worker]:
    made = Worker(parley, request.getfixturevalue(request.param) if request.param else "")
    yield made
    made.end()
    with made.publisher.connection_for_write() as connection:
        channel = connection.default_channel
        channel.queue_delete(made.queue)
    made.publisher.close()


def answered(parley: Parley, text: str) -> str:
    """Create an answered conversation without a title, and return its id."""
    return parley.shell(ANSWERED.format(text=text, model=parley.models["plain"])).split()[-1]


def titles(parley: Parley, conversation: str) -> list[dict[str, Any]]:
    return parley.rows.query(
        "SELECT status FROM chat_apicall WHERE conversation_id = ? AND purpose = 'title'", conversation
    )


def state(parley: Parley, conversation: str) -> str:
    return str(
        parley.rows.query("SELECT title_status FROM chat_conversation WHERE id = ?", conversation)[0][
            "title_status"
        ]
    )


def await_state(parley: Parley, conversation: str, wanted: str) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while state(parley, conversation) != wanted:
        assert time.monotonic() < deadline, f"still {state(parley, conversation)}"
        time.sleep(0.1)  # the worker is another process: there is no event to wait for


def test_a_job_delivered_twice_runs_once(parley: Parley, worker: Worker) -> None:
    first, last = answered(parley, "How high is it?"), answered(parley, "And how deep?")
    for _ in range(2):
        worker.publish(TITLE, first)
    worker.publish(TITLE, last)
    worker.start()
    await_state(parley, first, "done")
    await_state(parley, last, "done")
    worker.end()
    assert [row["status"] for row in titles(parley, first)] == ["succeeded"]
    assert [row["status"] for row in titles(parley, last)] == ["succeeded"]


def test_title_of_a_killed_worker_is_made_by_the_next(parley: Parley) -> None:
    worker = Worker(parley, "")
    chat = answered(parley, "[[scenario:slow_first_byte first_byte=30]] How wide is it?")
    worker.publish(TITLE, chat)
    worker.start()
    try:
        await_state(parley, chat, "claimed")
        worker.end("kill")
        assert state(parley, chat) == "claimed"
        # An hour later, another worker's clock finds what the dead one left.
        parley.rows.query(
            "UPDATE chat_conversation SET title_claimed_at = '2020-01-01', last_message_at = '2020-01-01' WHERE id = ?",
            chat,
        )
        parley.rows.query(
            "UPDATE chat_message SET text = 'How wide?' WHERE conversation_id = ? AND role = 'user'", chat
        )
        parley.shell("from chat.tasks import reap_task; reap_task()")
        named = parley.shell(
            "from chat.operations.conversations import titles; from chat.tasks import title_conversation_task; "
            f"title_conversation_task({chat!r}); title_conversation_task({chat!r})"
        )
        assert named == ""
        await_state(parley, chat, "done")
    finally:
        worker.end("kill")


@pytest.mark.django_db
def test_old_rows_are_cleared_and_new_ones_kept() -> None:
    long_ago = timezone.now() - dt.timedelta(days=2)
    chat = factories.conversation(factories.person())
    old = factories.turn(chat, answer="Long ago", finished_at=long_ago)
    TurnEvent.objects.create(turn=old, first_seq=1, last_seq=1, frames="[]")
    for key, ends in (("old", long_ago), ("new", timezone.now() + dt.timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    fresh = store_upload(owner=chat.owner, name="new.txt", data=b"New")
    forgotten = store_upload(owner=chat.owner, name="old.txt", data=b"Old")
    for row in (forgotten, forgotten.original):
        type(row).objects.filter(pk=row.pk).update(created_at=timezone.now() - dt.timedelta(days=3))
    clear_turn_events_task()
    clear_sessions_task()
    clear_files_task()
    assert [row.name for row in Attachment.objects.all()] == [fresh.name]
    assert not TurnEvent.objects.exists()
    assert [session.session_key for session in Session.objects.all()] == ["new"]
