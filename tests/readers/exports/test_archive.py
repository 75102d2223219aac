"""The uploaded file: a ZIP as it came, or one JSON file; everything else is refused with its reason."""

import io
import zipfile

import pytest

from chat.readers.errors import Refused
from chat.readers.exports import archive
from chat.readers.exports.archive import ExportFile
from tests.support.exports import zipped


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        ExportFile(io.BytesIO(data))
    return caught.value.code


def broken(data: bytes, name: str = "conversations.json") -> str:
    with pytest.raises(Refused) as caught:
        b"".join(ExportFile(io.BytesIO(data)).chunks(name))
    return caught.value.code


def test_only_members_with_conversations_are_read() -> None:
    names = [
        "b/conversations-001.json", "conversations-000.json", "users.json", "message_feedback.json", "chat.html",
        "__MACOSX/._conversations.json", "projects/1.json", "memories/a.json",
    ]  # fmt: skip
    export = ExportFile(io.BytesIO(zipped(dict.fromkeys(names, "[]"))))
    assert export.json_names() == [
        "b/conversations-001.json", "conversations-000.json", "projects/1.json", "memories/a.json",
    ]  # fmt: skip
    assert b"".join(export.chunks("conversations-000.json")) == b"[]"


@pytest.mark.parametrize("data", [b"[]", b"\xef\xbb\xbf\n {}", b'[{"a": 1}]'])
def test_a_json_file_is_read_as_it_is(data: bytes) -> None:
    export = ExportFile(io.BytesIO(data))
    assert export.json_names() == [""]
    assert b"".join(export.chunks("")) == data
    assert export.file("file-1") is None


def test_files_are_found_by_the_id_that_their_names_begin_with() -> None:
    names = (
        "file-AbC-cat.png",
        "dalle/file_00ff-1.webp",
        "../../file-Up.png",
        "0f0e0d0c-0000-4000-8000-00000000000a.pdf",
    )
    export = ExportFile(io.BytesIO(zipped({"conversations.json": "[]", **{name: name for name in names}})))
    assert export.file("file-AbC") == b"file-AbC-cat.png"
    assert export.file("file_00ff") == b"dalle/file_00ff-1.webp"
    assert export.file("file-Up") == b"../../file-Up.png"  # nothing is written anywhere
    assert export.file("0f0e0d0c-0000-4000-8000-00000000000a") == names[3].encode()
    assert export.file("file-Ab") is export.file("") is None


def test_wrong_files_are_refused() -> None:
    assert refused(b"%PDF-1.7") == "not_an_export"
    assert refused(b"") == "not_an_export"
    assert refused(b"\x1f\x8b\x08") == "not_an_export"
    assert refused(zipped({"a.txt": "x"})) == "not_an_export"
    assert refused(zipped({"inner.zip": zipped({"conversations.json": "[]"})})) == "nested"
    assert refused(zipped({"conversations.json": "[]"})[:-30]) == "damaged"
    assert refused(b"PK\x03\x04 and nothing else") == "damaged"


def test_a_bomb_is_refused_by_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "HARMLESS_BYTES", 10_000_000)
    assert refused(zipped({"conversations.json": b"[" + b" " * 20_000_000 + b"]"})) == "bomb"


def test_very_many_bytes_or_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_JSON_BYTES", 3)
    assert refused(zipped({"conversations.json": "[   ]"})) == "bomb"
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)
    assert refused(zipped({"conversations.json": "[]", "a": ""})) == "too_many_files"


def test_a_password_is_told() -> None:
    data = bytearray(zipped({"conversations.json": "[]"}))
    central = data.rindex(b"PK\x01\x02")
    data[central + 8] |= 1  # the flag of encryption
    assert refused(bytes(data)) == "encrypted"


def test_a_broken_or_unknown_compression_is_told() -> None:
    plain = zipped({"conversations.json": "[1234567890]"})
    assert broken(plain.replace(b"1234567890", b"1234567891")) == "damaged"  # the checksum
    data = bytearray(plain)
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.rindex(mark) + (8 if mark == b"PK\x03\x04" else 10)] = 9  # Deflate64, which Windows writes
    assert broken(bytes(data)) == "compression"


def test_a_broken_stream_is_told() -> None:
    data = zipped({"conversations.json": "[" + "1," * 500 + "1]"}, zipfile.ZIP_DEFLATED)
    start = data.index(b"conversations.json") + len("conversations.json")
    assert broken(data[:start] + b"\xff" * 8 + data[start + 8 :]) == "damaged"
