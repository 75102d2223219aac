"""A deleted conversation: all its viewers are told, in every process, and unsubscribed."""

from tests.support.parley import Parley

DELETE = """
from chat.models import Conversation
from chat.operations.deletion.hide import delete_conversations
found = Conversation.objects.get(id="{}")
delete_conversations(user=found.owner, conversation_ids=[found.id])
"""
GONE = 4404


async def test_program_is_told_of_a_deletion_and_stays_connected(parley: Parley) -> None:
    async with parley.socket() as client:
        kept = await client.start("[[scenario:echo]] kept", model=parley.models["plain"])
        gone = await client.start("[[scenario:echo]] soon gone", model=parley.models["plain"])
        for accepted in (kept, gone):
            await client.finished(accepted["turn"])
        parley.shell(DELETE.format(gone["conversation"]))
        await client.expect("conversation.deleted", conversation=gone["conversation"])
        for kind in ("subscribe", "unsubscribe"):
            assert await client.refused(type=kind, conversation=gone["conversation"]) == "not_found"
        again = await client.start("[[scenario:echo]] on", conversation=kept["conversation"])
        await client.finished(again["turn"])
        assert len([found for found in client.messages if found["type"] == "conversation.deleted"]) == 1
        # Nothing is left of it to be watched, but a socket that only waits is a program's own business.
        parley.shell(DELETE.format(kept["conversation"]))
        await client.expect("conversation.deleted", conversation=kept["conversation"])
        await client.send(type="ping")
        await client.expect("pong")


async def test_page_socket_closes_with_its_conversation(parley: Parley) -> None:
    cookie = parley.sign_in("insider")
    async with parley.page_socket(cookie, query="?render=html") as page:
        accepted = await page.start("[[scenario:echo]] soon gone", model=parley.models["plain"])
        await page.finished(accepted["turn"])
        parley.shell(DELETE.format(accepted["conversation"]))
        await page.expect("conversation.deleted", conversation=accepted["conversation"])
        assert await page.closed() == GONE
