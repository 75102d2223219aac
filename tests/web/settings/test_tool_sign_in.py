"""A person signs in at an MCP server that asks for it: real discovery, registration, PKCE, tokens and refresh."""

import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections
from django.test import Client

from chat.models import Assistant, AssistantTool, McpGrant, McpServer, ToolDefinition, User
from chat.tools.mcp_auth import token_of
from chat.tools.mcp_grants import SignInNeeded
from chat.tools.result import ToolContext
from chat.tools.run import run_tool
from tests import factories
from tests.support.mcp_tools import ADD, mcp_tool
from tests.tools.servers import Gate, Served, gated

pytestmark = pytest.mark.django_db(transaction=True)
CONNECT, DISCONNECT, CALLBACK = "/tools/mcp/shop/connect", "/tools/mcp/shop/disconnect", "/tools/mcp/callback"


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Gate, Served]]:
    made = Gate()
    with Served(lambda url: gated(made, url)) as served:
        yield made, served


@pytest.fixture
def tool(gate: tuple[Gate, Served], settings: Any) -> ToolDefinition:
    """A tool of a server with sign-in, in an assistant that is offered to the insider's group only."""
    settings.EGRESS_ALLOW = ["127.0.0.1"]
    gate[0].expires_in = 3600
    server = McpServer.objects.create(name="shop", url=f"{gate[1].url}/mcp", auth="oauth")
    tool = mcp_tool(server, "add", ADD)
    server.save()
    tool.save()
    group = Group.objects.create(name="Buyers")
    factories.person("insider").groups.add(group)
    assistant = factories.restrict(Assistant.objects.create(name="Buyer"), group)
    AssistantTool.objects.create(assistant=assistant, tool=tool)
    return tool


@pytest.fixture
def signed_in() -> Callable[[str], Client]:
    def open_as(name: str) -> Client:
        client = Client()
        client.force_login(factories.person(name))
        return client

    return open_as


@pytest.fixture
def browser(tool: ToolDefinition, signed_in: Callable[[str], Client]) -> Client:
    return signed_in("insider")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def decide(address: str) -> str:
    """Be the person at the authorization server, who agrees; returns where it sends them."""
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(NoRedirect).open(address, timeout=5)
    assert answer.value.code == 302
    answer.value.close()
    return str(answer.value.headers["Location"])


def begin(browser: Client) -> str:
    page = browser.post(CONNECT)
    assert page.status_code == 200
    return str(page.context["link"])


def connect(browser: Client) -> None:
    back = decide(begin(browser))
    assert back.startswith("http://testserver" + CALLBACK)
    answer = browser.get(back.removeprefix("http://testserver"))
    assert (answer.status_code, answer.headers["Location"]) == (302, CONNECT)


def run(tool: ToolDefinition, name: str = "insider") -> tuple[str, bool]:
    context = ToolContext(user_id=factories.person(name).id)
    result = asyncio.run(run_tool(tool, {"a": 1, "b": 2}, context))
    return str(result.content[0]["text"]), result.is_error


def kept() -> dict[str, Any]:
    return dict(json.loads(McpGrant.objects.get().tokens or "{}"))


def keep(**changes: Any) -> None:
    grant = McpGrant.objects.get()
    grant.tokens = json.dumps({**kept(), **changes})
    grant.save()


def test_the_whole_way(browser: Client, tool: ToolDefinition) -> None:
    words, failed = run(tool)
    assert failed
    assert CONNECT in words, "the model learns where to send the person"
    assert b"It asks you to sign in first" in browser.get(CONNECT).content
    link = begin(browser)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"http://testserver{CALLBACK}"
    connect(browser)
    assert b"You are signed in" in browser.get(CONNECT).content
    assert run(tool) == ("3", False)
    assert browser.post(DISCONNECT).status_code == 302
    assert not McpGrant.objects.exists()
    assert run(tool)[1]


def test_tokens_are_kept_encrypted_and_per_person(
    browser: Client, tool: ToolDefinition, signed_in: Callable[[str], Client]
) -> None:
    connect(browser)
    token = kept()["token"]["access_token"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT tokens, client FROM chat_mcpgrant")
        assert token not in str(cursor.fetchall())
    assert run(tool, "colleague")[1], "a sign-in belongs to one person"
    factories.person("colleague").groups.add(Group.objects.get())
    connect(signed_in("colleague"))
    assert McpGrant.objects.count() == 2
    assert run(tool, "colleague") == ("3", False)


def test_a_token_whose_time_is_over_is_refreshed_and_kept(
    browser: Client, tool: ToolDefinition, gate: tuple[Gate, Served]
) -> None:
    connect(browser)
    before, refreshed = kept()["token"], gate[0].refreshed
    keep(expires_at=time.time() - 5)
    assert run(tool) == ("3", False)
    assert gate[0].refreshed == refreshed + 1
    after = kept()
    assert after["token"]["access_token"] != before["access_token"]
    assert after["expires_at"] > time.time()
    assert run(tool) == ("3", False)
    assert gate[0].refreshed == refreshed + 1, "a token that holds is not refreshed"


def test_a_refresh_by_another_process_is_taken_over(
    browser: Client, tool: ToolDefinition, gate: tuple[Gate, Served]
) -> None:
    connect(browser)
    fresh = kept()
    keep(
        token={**fresh["token"], "access_token": "old", "refresh_token": "used up"},
        expires_at=time.time() - 5,
    )

    def the_other_one_is_done() -> None:
        keep(**fresh)
        connections.close_all()

    gate[0].on_unknown = the_other_one_is_done
    try:
        assert run(tool) == ("3", False)
    finally:
        gate[0].on_unknown = None


def test_a_refresh_token_that_is_used_up_ends_the_sign_in(browser: Client, tool: ToolDefinition) -> None:
    connect(browser)
    keep(token={**kept()["token"], "refresh_token": "used up"}, expires_at=time.time() - 5)
    assert run(tool)[1]
    with pytest.raises(SignInNeeded):
        asyncio.run(token_of(tool.server, McpGrant.objects.get().user_id))  # type: ignore[arg-type]


def test_tokens_for_the_connector(browser: Client, tool: ToolDefinition) -> None:
    server, user = tool.server, factories.person("insider")
    assert server is not None
    with pytest.raises(SignInNeeded):
        asyncio.run(token_of(server, user.id))
    connect(browser)
    first = asyncio.run(token_of(server, user.id))
    assert first == kept()["token"]["access_token"]
    keep(expires_at=time.time() - 5)
    assert asyncio.run(token_of(server, user.id)) == kept()["token"]["access_token"] != first


def test_a_token_that_was_revoked_asks_for_a_new_sign_in(
    browser: Client, tool: ToolDefinition, gate: tuple[Gate, Served]
) -> None:
    connect(browser)
    gate[0].access.clear()
    words, failed = run(tool)
    assert failed
    assert "sign in to shop first" in words
    connect(browser)
    assert run(tool) == ("3", False)


def test_an_answer_counts_once_and_in_its_own_session(
    browser: Client, tool: ToolDefinition, signed_in: Callable[[str], Client]
) -> None:
    back = decide(begin(browser)).removeprefix("http://testserver")
    factories.person("colleague").groups.add(Group.objects.get())
    stranger = signed_in("colleague")
    assert stranger.get(back).status_code == 404
    assert signed_in("insider").get(back).status_code == 404, "another session of the same person"
    assert browser.get(back).status_code == 302
    assert browser.get(back).status_code == 404
    assert not McpGrant.objects.filter(user__email="colleague@example.test").exclude(tokens="").exists()


def test_an_answer_comes_in_time(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    back = decide(begin(browser)).removeprefix("http://testserver")
    session = browser.session
    (state,) = session["mcp_sign_ins"]
    session["mcp_sign_ins"] = {state: {**session["mcp_sign_ins"][state], "until": time.time() - 1}}
    session.save()
    assert browser.get(back).status_code == 404


def test_only_some_sign_ins_wait_at_once(browser: Client) -> None:
    links = [begin(browser) for _ in range(7)]
    assert len(browser.session["mcp_sign_ins"]) == 5
    assert browser.get(decide(links[0]).removeprefix("http://testserver")).status_code == 404
    assert browser.get(decide(links[-1]).removeprefix("http://testserver")).status_code == 302


def test_a_wrong_code_and_a_wrong_issuer_are_refused(browser: Client) -> None:
    for change in ({"code": "guessed"}, {"iss": "https://elsewhere.example.org"}):
        back = urllib.parse.urlsplit(decide(begin(browser)))
        query = {**dict(urllib.parse.parse_qsl(back.query)), **change}
        page = browser.get(CALLBACK, query)
        assert page.status_code == 502
        assert "The sign-in failed" in page.content.decode()
        assert not (McpGrant.objects.get().tokens)


def test_somebody_who_refuses_comes_back_unconnected(browser: Client) -> None:
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begin(browser)).query))["state"]
    answer = browser.get(CALLBACK, {"error": "access_denied", "state": state})
    assert answer.headers["Location"] == CONNECT
    assert not McpGrant.objects.get().tokens


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/mcp", "https://169.254.169.254/mcp", "http://10.0.0.1/mcp"]
)
def test_a_server_that_can_not_be_asked(url: str, browser: Client) -> None:
    McpServer.objects.update(url=url)
    page = browser.post(CONNECT)
    assert page.status_code == 502
    assert "The sign-in failed" in page.content.decode()


def test_a_server_that_wants_no_sign_in(browser: Client, tool: ToolDefinition) -> None:
    from tests.tools.servers import mcp_server

    with Served(lambda _url: mcp_server().streamable_http_app()) as plain:
        McpServer.objects.update(url=f"{plain.url}/mcp")
        assert browser.post(CONNECT).status_code == 502


@pytest.mark.parametrize("role", ["colleague", "outsider"])
def test_others_find_nothing(role: str, tool: ToolDefinition, signed_in: Callable[[str], Client]) -> None:
    client = signed_in(role)
    for answer in (client.get(CONNECT), client.post(CONNECT), client.post(DISCONNECT), client.get(CALLBACK)):
        assert answer.status_code == 404
        assert b"shop" not in answer.content.replace(b"/tools/mcp/shop/", b"")
    assert not McpGrant.objects.exists()


def test_anonymous_visitors_sign_in_to_parley_first(client: Client, tool: ToolDefinition) -> None:
    for answer in (client.get(CONNECT), client.post(CONNECT), client.post(DISCONNECT), client.get(CALLBACK)):
        assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"auth": "bearer"}, {"auth": "none"}, {"name": "renamed"}]
)
def test_servers_without_sign_in(change: dict[str, Any], browser: Client) -> None:
    McpServer.objects.update(**change)
    assert browser.get(CONNECT).status_code == 404


def test_a_tool_or_an_assistant_that_is_off_leads_nowhere(browser: Client, tool: ToolDefinition) -> None:
    ToolDefinition.objects.update(enabled=False)
    assert browser.get(CONNECT).status_code == 404
    ToolDefinition.objects.update(enabled=True)
    Assistant.objects.update(enabled=False)
    assert browser.get(CONNECT).status_code == 404
    User.objects.filter(email="insider@example.test").update(is_superuser=True)
    assert browser.get(CONNECT).status_code == 200, "who governs servers may try them"


def test_writing_needs_the_csrf_token(tool: ToolDefinition) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.person("insider"))
    assert client.post(CONNECT).status_code == 403
    assert client.post(DISCONNECT).status_code == 403
