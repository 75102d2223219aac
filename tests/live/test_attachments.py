"""Attachments on the socket: a message accepts only files of its author."""

import uuid

from tests.support.parley import Parley

UPLOAD = """
from chat.models import User
from chat.operations.files.uploads import store_upload
owner = User.objects.get(email__startswith="insider@")
print(store_upload(owner=owner, name="notes.md", data=b"The code is heliotrope. More.").id)
"""


async def test_message_accepts_own_files_only(parley: Parley) -> None:
    mine = parley.shell(UPLOAD).splitlines()[-1]
    wanted = {"type": "turn.start", "text": "[[scenario:citations]] What is it?", "attachments": [mine]}
    messages = "SELECT count(*) AS n FROM chat_message"
    before = parley.rows.query(messages)
    async with parley.socket("outsider") as client:
        told = []
        for files in ([mine], [str(uuid.uuid4())], [mine.upper()], [mine.replace("-", "")]):
            answer = await client.ask(**{**wanted, "attachments": files, "client_id": str(uuid.uuid4())})
            told.append({key: answer[key] for key in ("type", "code", "message")})
        assert all(each == told[0] for each in told)
        assert told[0]["code"] == "not_found"
        for odd in ("text", [1], {"a": 1}, [[mine]], [None]):
            answer = await client.ask(**{**wanted, "attachments": odd, "client_id": str(uuid.uuid4())})
            assert (answer["type"], answer["code"]) == ("error", "invalid")
    assert parley.rows.query(messages) == before
    async with parley.socket() as client:
        accepted = await client.ask(**wanted, client_id=str(uuid.uuid4()), model=parley.models["plain"])
        assert accepted["type"] == "turn.accepted"
        finished = await client.finished(accepted["turn"])
        assert finished["status"] == "completed"
        cited = [told["citation"] for told in client.messages if "citation" in told]
        assert [one["cited_text"] for one in cited] == ["The code is heliotrope."]
        assert "heliotrope" in parley.rows.text(accepted["turn"])
