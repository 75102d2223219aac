"""Every socket command × every role × foreign and oddly spelt ids, and who may open a socket."""

import asyncio
import uuid
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from chat.live.identity import CHECK_SECONDS
from tests.support.parley import Parley
from tests.support.socket_client import SOCKET_OPTIONS, SocketClient

NOT_SIGNED_IN = 4401
# What is promised, and a look of the guard more, for machines that are busy.
CLOSED_WITHIN_SECONDS = 5 + CHECK_SECONDS


def variants(identifier: str) -> list[Any]:
    """Spellings that some parsers take for the same id, and things that are no ids."""
    plain = identifier.replace("-", "")
    spelt = [
        identifier.upper(),
        "{" + identifier + "}",
        plain,
        f"urn:uuid:{identifier}",
        f" {identifier}",
        plain.upper(),
    ]
    other = [
        [identifier],
        {"id": identifier},
        int(plain, 16) % 2**63,
        7,
        True,
        1.5,
        "",
        "null",
        "\u0000",
        "a" * 5000,
    ]
    return [*spelt, *other]


COMMANDS: dict[str, dict[str, Any]] = {
    "turn.stop": {"turn": "turn"},
    "turn.continue": {"turn": "turn", "client_id": "new"},
    "turn.retry": {"turn": "turn", "client_id": "new"},
    "subscribe": {"conversation": "conversation"},
    "subscribe to a turn": {"conversation": "conversation", "turn": "turn"},
    "unsubscribe": {"conversation": "conversation"},
    "turn.start": {"conversation": "conversation", "text": "mine?", "client_id": "new"},
    "turn.start below": {"parent": "message", "conversation": "own", "text": "mine?", "client_id": "new"},
}


def command(name: str, fields: dict[str, Any], ids: dict[str, Any]) -> dict[str, Any]:
    filled = {
        key: str(uuid.uuid4()) if value == "new" else ids.get(value, value) for key, value in fields.items()
    }
    return {"type": name.partition(" ")[0], **filled}


async def finished_turn(parley: Parley, person: str) -> dict[str, str]:
    async with parley.socket(person) as client:
        accepted = await client.start("[[scenario:cut]]", model=parley.models["plain"])
        await client.finished(accepted["turn"])
    names = {"turn": "turn", "conversation": "conversation", "message": "user_message"}
    return {name: accepted[key] for name, key in names.items()}


async def errors_of(client: SocketClient, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send commands and return what answers them."""
    seen = len(client.messages)
    for each in commands:
        await client.send(**each)
    await client.send(type="ping")
    await client.until(lambda found: found["type"] == "pong", after=seen)
    return [found for found in client.messages[seen:] if found["type"] != "pong"]


@pytest.mark.parametrize("name", COMMANDS)
async def test_foreign_ids_are_not_found(parley: Parley, name: str) -> None:
    foreign, own = await finished_turn(parley, "insider"), await finished_turn(parley, "outsider")
    before = parley.rows.query("SELECT count(*) AS n FROM chat_turn")
    sent = [command(name, COMMANDS[name], {**foreign, "own": own["conversation"]})]
    unknown = str(uuid.uuid4())
    sent.append(command(name, COMMANDS[name], dict.fromkeys(foreign, unknown) | {"own": own["conversation"]}))
    for role in ("outsider", "colleague"):
        async with parley.socket(role) as client:
            answers = await errors_of(client, sent[: 2 if role == "outsider" else 1])
            assert {answer["code"] for answer in answers} == {"not_found"}
            told = [{key: answer[key] for key in ("type", "code", "message")} for answer in answers]
            assert all(each == told[0] for each in told)
    assert parley.rows.query("SELECT count(*) AS n FROM chat_turn") == before


@pytest.mark.parametrize("name", COMMANDS)
async def test_other_spellings_of_own_ids_are_not_found(parley: Parley, name: str) -> None:
    own = await finished_turn(parley, "insider")
    before = parley.rows.query("SELECT count(*) AS n FROM chat_turn")
    async with parley.socket() as client:
        for key, kind in COMMANDS[name].items():
            if kind not in ("turn", "conversation", "message", "own"):
                continue
            good = command(name, COMMANDS[name], own | {"own": own["conversation"]})
            answers = await errors_of(client, [{**good, key: odd} for odd in variants(good[key])])
            assert {answer["code"] for answer in answers} == {"not_found"}
            assert len(answers) == len(variants(good[key]))
    assert parley.rows.query("SELECT count(*) AS n FROM chat_turn") == before


async def test_foreign_models_and_assistants_are_not_found(parley: Parley) -> None:
    """An assistant of another group, and models and assistants that don't exist, however they are spelt."""
    async with parley.socket("outsider") as client:
        start = {"type": "turn.start", "text": "mine?"}
        closed = await errors_of(
            client, [{**start, "client_id": str(uuid.uuid4()), "assistant": parley.assistant}]
        )
        assert [answer["code"] for answer in closed] == ["not_found"]
        for key in ("assistant", "model"):
            odd = variants(str(uuid.uuid4()))
            answers = await errors_of(
                client, [{**start, "client_id": str(uuid.uuid4()), key: each} for each in odd]
            )
            assert [answer["code"] for answer in answers] == ["not_found"] * len(odd)


async def test_foreign_client_id_gives_no_access(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket("outsider") as other:
        accepted = await client.start("[[scenario:echo]] secret", model=parley.models["plain"])
        await client.finished(accepted["turn"])
        answer = await other.ask(
            type="turn.start",
            text="[[scenario:echo]] own",
            client_id=accepted["client_id"],
            model=parley.models["plain"],
        )
        assert answer["turn"] != accepted["turn"]
        await other.finished(answer["turn"])


async def test_read_key_cannot_write(parley: Parley) -> None:
    own = await finished_turn(parley, "insider")
    async with parley.socket(scope="read") as client:
        for name, fields in COMMANDS.items():
            if name.startswith("turn."):
                answers = await errors_of(client, [command(name, fields, own | {"own": own["conversation"]})])
                assert [answer["code"] for answer in answers] == ["forbidden"], name
        await client.send(type="subscribe", conversation=own["conversation"], turn=own["turn"], after=0)
        await client.finished(own["turn"])


async def refused_with(url: str, headers: dict[str, str]) -> int:
    """Return the close code, or the HTTP status of a socket that was refused before it opened."""
    try:
        async with connect(url, additional_headers=headers, **SOCKET_OPTIONS) as connection:
            return await SocketClient(connection).closed()
    except InvalidStatus as error:
        return error.response.status_code


async def test_socket_requires_an_identity(parley: Parley) -> None:
    url, cookie = parley.server.ws_url, parley.sign_in("insider")
    own = parley.server.url
    key = parley.people["insider"]["chat"]
    refused = {
        "no identity": ({"Origin": own}, NOT_SIGNED_IN),
        "a forged cookie": ({"Origin": own, "Cookie": "parley_session=abcdefgh"}, NOT_SIGNED_IN),
        "no Origin": ({"Cookie": cookie}, 403),
        "no Origin and no identity": ({}, 403),
        "another Origin": ({"Cookie": cookie, "Origin": "http://evil.test"}, 403),
        "another port": ({"Cookie": cookie, "Origin": "http://127.0.0.1:1"}, 403),
        "an Origin that begins alike": ({"Cookie": cookie, "Origin": f"{own}.evil.test"}, 403),
        "Origin null": ({"Cookie": cookie, "Origin": "null"}, 403),
        "a broken Origin": ({"Cookie": cookie, "Origin": "http://[:::1"}, 403),
        "a wrong key": ({"Authorization": "Bearer pk-parley-wrong"}, NOT_SIGNED_IN),
        "a wrong key beside a cookie": (
            {"Authorization": "Bearer x", "Cookie": cookie, "Origin": own},
            NOT_SIGNED_IN,
        ),
        "a key in another scheme": ({"Authorization": f"Basic {key}"}, NOT_SIGNED_IN),
        "an empty key": ({"Authorization": "Bearer "}, NOT_SIGNED_IN),
        "a key for the gateway": (
            {"Authorization": f"Bearer {parley.people['insider']['gateway']}"},
            NOT_SIGNED_IN,
        ),
    }
    for name, (headers, wanted) in refused.items():
        assert await refused_with(url, headers) == wanted, name
    async with parley.page_socket(cookie) as client:
        await client.send(type="ping")
        await client.expect("pong")


async def test_a_page_is_served_to_its_own_person_only(parley: Parley) -> None:
    """A page that lost its connection has messages to send; someone else may have signed in meanwhile."""
    own = {"Cookie": parley.sign_in("insider"), "Origin": parley.server.url}
    ids = {
        name: str(
            uuid.UUID(str(parley.rows.query("SELECT id FROM chat_user WHERE email = ?", email)[0]["id"]))
        )
        for name in ("insider", "outsider")
        for email in (parley.people[name]["email"],)
    }
    url = parley.server.ws_url
    both = f"{ids['insider']}&person={ids['outsider']}"
    for named in (ids["outsider"], both, ids["insider"][:-1], ids["insider"].upper() + "x", "nobody"):
        refused = await refused_with(f"{url}?render=html&person={named}", own)
        assert refused == NOT_SIGNED_IN, named
    async with parley.page_socket(own["Cookie"], query=f"?person={ids['insider']}&render=html") as client:
        await client.send(type="ping")
        await client.expect("pong")


REVOKE = """
import datetime as dt
from django.utils import timezone
from django.contrib.auth.models import Group
from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import create_api_key
people = [User.objects.create_user(f"{name}@gone.test", "a-long-password-of-the-tests") for name in "abcdefg"]
for person in people[4:6]:
    person.groups.add(Group.objects.get_or_create(name="some")[0], Group.objects.get_or_create(name="more")[0])
User.objects.filter(pk=people[6].pk).update(is_staff=True)
keys = [create_api_key(user=person, name="k", scopes=["chat"]) for person in people]
ApiKey.objects.filter(pk=keys[3][0].pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
print("\\n".join([secret for _, secret in keys]))
"""


async def test_access_that_ends_closes_open_sockets(parley: Parley) -> None:
    """Log-out, deactivation, a revoked and an expired key, a new password, a lost group and a lost role."""
    secrets = (await asyncio.to_thread(parley.shell, REVOKE)).split()
    for name, secret in zip("abcdefg", secrets, strict=True):
        parley.people[name] = {"email": f"{name}@gone.test", "chat": secret}
    assert (
        await refused_with(parley.server.ws_url, {"Authorization": f"Bearer {secrets[3]}"}) == NOT_SIGNED_IN
    )
    rows = parley.rows
    cookies = [parley.sign_in(name) for name in "abf"]
    async with (
        parley.socket("a") as revoked,
        parley.socket("b") as expired,
        parley.socket("c") as deactivated,
        parley.page_socket(cookies[0]) as logged_out,
        parley.page_socket(cookies[1]) as new_password,
        parley.socket("e") as left_group,
        parley.page_socket(cookies[2]) as left_group_too,
        parley.socket("g") as no_more_staff,
        parley.socket("insider") as unharmed,
    ):
        clients = (revoked, expired, deactivated, logged_out, new_password)
        clients += (left_group, left_group_too, no_more_staff)
        for client in (*clients, unharmed):
            await client.send(type="ping")
            await client.expect("pong")
        past = "2020-01-01 00:00:00"
        find = "(SELECT id FROM chat_user WHERE email = ?)"
        rows.query(f"UPDATE chat_apikey SET revoked_at = ? WHERE user_id = {find}", past, "a@gone.test")
        rows.query(f"UPDATE chat_apikey SET expires_at = ? WHERE user_id = {find}", past, "b@gone.test")
        rows.query("UPDATE chat_user SET is_active = ? WHERE email = ?", False, "c@gone.test")
        rows.query("DELETE FROM django_session WHERE session_key = ?", cookies[0].partition("=")[2])
        rows.query("UPDATE chat_user SET password = 'x' WHERE email = ?", "b@gone.test")
        rows.query(
            "DELETE FROM chat_user_groups WHERE group_id = (SELECT id FROM auth_group WHERE name = 'more')"
        )
        rows.query("UPDATE chat_user SET is_staff = ? WHERE email = ?", False, "g@gone.test")
        group = "(SELECT id FROM auth_group WHERE name = 'some')"
        rows.query(
            f"INSERT INTO chat_user_groups (user_id, group_id) SELECT id, {group} FROM chat_user WHERE email = ?",
            parley.people["insider"]["email"],
        )
        async with asyncio.timeout(CLOSED_WITHIN_SECONDS):
            assert [await client.closed() for client in clients] == [NOT_SIGNED_IN] * len(clients)
        await unharmed.send(type="ping")
        await unharmed.expect("pong", count=2)
    # Who lost a group comes back as what they are now.
    async with parley.socket("e") as client, parley.page_socket(cookies[2]) as page:
        for each in (client, page):
            await each.send(type="ping")
            await each.expect("pong")
