"""The job queue in a folder: whole files only, and a damaged one ends no worker."""

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from config.file_broker import folder_broker

MESSAGE = {"body": "W10=", "headers": {}, "properties": {}, "content-type": "application/json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def channel(folder: Path) -> Iterator[Any]:
    options = folder_broker(folder)
    with Connection(
        "filesystem://localhost", transport="config.file_broker:Transport", transport_options=options
    ) as connection:
        yield connection.channel()


def messages(folder: Path) -> list[Path]:
    return sorted((folder / "messages").iterdir())


def test_messages_come_in_order_and_once(channel: Any, folder: Path) -> None:
    for number in range(5):
        channel._put("parley", {**MESSAGE, "body": str(number)})
    channel._put("another", MESSAGE)
    assert [channel._get("parley")["body"] for _ in range(5)] == list("01234")
    with pytest.raises(Empty):
        channel._get("parley")
    assert len(messages(folder)) == 1
    assert not list((folder / "processed").iterdir())


@pytest.mark.parametrize("content", [b"", b'{"body": "W1', b"[]", b"{}", b"null", b"\xff\xfe", b'"text"'])
def test_a_damaged_message_is_left_out(channel: Any, folder: Path, content: bytes) -> None:
    (folder / "messages" / "0_half.parley.msg").write_bytes(content)
    channel._put("parley", MESSAGE)
    assert channel._get("parley") == MESSAGE
    assert not messages(folder)


def test_a_message_being_written_is_not_seen(channel: Any, folder: Path) -> None:
    (folder / "messages" / ".0.part").write_bytes(b'{"bo')
    with pytest.raises(Empty):
        channel._get("parley")


def test_a_full_disk_leaves_nothing(channel: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("config.file_broker.os.replace", refuse)
    with pytest.raises(ChannelError, match="No space"):
        channel._put("parley", MESSAGE)
    assert not messages(folder)


@pytest.mark.parametrize("content", [b"", b'[["a", "b"', b"7", b'["x"]'])
def test_a_damaged_table_is_written_anew(channel: Any, folder: Path, content: bytes) -> None:
    (folder / "control" / "pidbox.exchange").write_bytes(content)
    assert channel.get_table("pidbox") == []
    channel._queue_bind("pidbox", "", "", "one")
    channel._queue_bind("pidbox", "", "", "one")
    channel._queue_bind("pidbox", "", "", "two")
    assert [row.queue for row in channel.get_table("pidbox")] == ["two", "one"]
    channel._delete("two", "pidbox", "", "")
    channel._delete("two", "pidbox", "", "")
    assert [row.queue for row in channel.get_table("pidbox")] == ["one"]


def test_two_workers_take_a_message_once(channel: Any, folder: Path) -> None:
    for number in range(200):
        channel._put("parley", {**MESSAGE, "body": str(number)})
    taken: list[str] = []

    def take() -> None:
        try:
            while True:
                taken.append(channel._get("parley")["body"])
        except Empty:
            pass

    workers = [threading.Thread(target=take) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken, key=int) == [str(number) for number in range(200)]


def test_a_reader_beside_a_writer_reads_whole_messages(channel: Any, folder: Path) -> None:
    body = "x" * 200_000
    done = threading.Event()

    def write() -> None:
        for _ in range(100):
            channel._put("parley", {**MESSAGE, "body": body})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    count = 0
    while count < 100:
        try:
            assert channel._get("parley")["body"] == body
            count += 1
        except Empty:
            assert not (done.is_set() and not messages(folder)), f"{count} of 100 arrived"
    writer.join()


def test_files_are_for_this_account(channel: Any, folder: Path) -> None:
    channel._put("parley", MESSAGE)
    channel._queue_bind("pidbox", "", "", "one")
    for path in [*messages(folder), *(folder / "control").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0
