"""An import of 100 MB needs the memory of one conversation, in a process of its own as a worker has."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.environment import ROOT, child
from tests.support.exports import claude_chat
from tests.support.server import furnish

SIZE_BYTES = 100_000_000
MOST_MIB = 200
RUN = """
import json, sys
from pathlib import Path
import django; django.setup()
from django.core.files.base import File
from chat.models import Conversation, Import, User
from chat.operations.imports import begin, run
begin.wake_for_import = run.wake_for_import = lambda _import_id: None
owner = User.objects.get_or_create(email="owner@example.test")[0]
found = []
for _time in range(2):
    with open(sys.argv[1], "rb") as file:
        made = begin.begin_import(owner=owner, name="export.zip", file=File(file))
    while made.status in ("queued", "running"):
        run.run_import(str(made.id))
        made.refresh_from_db()
    found.append([made.status, made.taken, Conversation.objects.count()])
# Not ru_maxrss: that counts the process that started this one.
status = Path("/proc/self/status").read_text()
kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"found": found, "mib": kib / 1024}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_100_mb_are_imported_below_200_mib(prepared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    furnish(folder, prepared_data, "empty.sqlite3")
    number, written = 0, 0
    with (
        zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("conversations.json", "w") as member,
    ):
        while written < SIZE_BYTES:
            # A long one now and then, as people have them.
            words = f'Number {number} 한국어 \\ "quoted"\n' * (4000 if number % 50 == 0 else 300)
            chat = claude_chat(str(number), *([words] * 10))
            written += member.write(
                (b"," if number else b"[") + json.dumps(chat, ensure_ascii=False).encode()
            )
            number += 1
        member.write(b"]")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "export.zip")],
        cwd=ROOT, env=child(folder), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    taken = {"conversations": number, "messages": 10 * number}
    assert told["found"] == [["done", taken, number], ["done", {"unchanged": number}, number]]
    assert told["mib"] < MOST_MIB, told["mib"]
