"""Every route for every role: without identity it is unauthorized, and a foreign id is not found."""

import pytest

from chat.api import urls
from tests.api.live_server import ApiClient, LiveServer, scenario
from tests.api.people import new_id

# What the insider, who owns the things, gets. Each route of the API has its row; one without fails the test.
OWNERS = {
    ("GET", "/conversations"): 200,
    ("POST", "/conversations"): 201,
    ("GET", "/conversations/{conversation_id}"): 200,
    ("PATCH", "/conversations/{conversation_id}"): 200,
    ("DELETE", "/conversations/{conversation_id}"): 204,
    ("GET", "/conversations/{conversation_id}/export"): 200,
    ("GET", "/conversations/{conversation_id}/shares"): 200,
    ("POST", "/conversations/{conversation_id}/shares"): 201,
    ("POST", "/shares/{share_id}/renew"): 200,
    ("DELETE", "/shares/{share_id}"): 204,
    ("POST", "/imports"): 202,
    ("GET", "/imports/{import_id}"): 200,
    ("GET", "/conversations/{conversation_id}/messages"): 200,
    ("GET", "/conversations/{conversation_id}/allowed-tools"): 200,
    ("DELETE", "/conversations/{conversation_id}/allowed-tools/{tool_id}"): 204,
    ("POST", "/conversations/{conversation_id}/restore"): 404,  # it is not deleted
    ("POST", "/messages/{message_id}/choose"): 200,
    ("POST", "/messages/{message_id}/fork"): 201,
    ("GET", "/messages/{message_id}/feedback"): 200,
    ("POST", "/messages/{message_id}/feedback"): 200,
    ("POST", "/turns"): 202,
    ("POST", "/conversations/{conversation_id}/turns"): 202,
    ("GET", "/turns/{turn_id}"): 200,
    ("GET", "/turns/{turn_id}/events"): 200,
    ("POST", "/turns/{turn_id}/stop"): 202,
    ("POST", "/turns/{turn_id}/continue"): 202,
    ("POST", "/turns/{turn_id}/retry"): 202,
    ("POST", "/tool-calls/{tool_call_id}/decision"): 409,  # it was never to be decided
    ("POST", "/attachments"): 201,
    ("POST", "/attachments/reuse"): 204,
    ("GET", "/attachments/{attachment_id}"): 200,
    ("GET", "/projects"): 200,
    ("POST", "/projects"): 201,
    ("GET", "/projects/{project_id}"): 200,
    ("PATCH", "/projects/{project_id}"): 200,
    ("POST", "/projects/{project_id}/documents"): 201,
    ("POST", "/projects/{project_id}/files"): 201,
    ("DELETE", "/projects/{project_id}/documents/{document_id}"): 204,
    ("POST", "/projects/{project_id}/members"): 201,
    ("DELETE", "/projects/{project_id}/members/{member_id}"): 204,
    ("DELETE", "/projects/{project_id}"): 204,
    ("POST", "/extract"): 200,
    ("POST", "/count_tokens"): 200,
    ("GET", "/search"): 200,
    ("GET", "/assistants"): 200,
    ("GET", "/models"): 200,
    ("GET", "/prompts"): 200,
    ("GET", "/usage"): 200,
    ("GET", "/me"): 200,
    ("GET", "/memory"): 200,
    ("POST", "/memory"): 201,
    ("PATCH", "/memory/{entry_id}"): 200,
    ("DELETE", "/memory/{entry_id}"): 204,
    ("DELETE", "/memory"): 204,
}
BODIES = {
    ("POST", "/conversations"): {"title": "Mine"},
    ("PATCH", "/conversations/{conversation_id}"): {"title": "Taken over"},
    ("POST", "/turns"): {"text": "Hello", "wait": False},
    ("POST", "/conversations/{conversation_id}/turns"): {"text": "Hello", "wait": False},
    ("POST", "/attachments/reuse"): {"sha256": "0" * 64, "name": "a.txt"},
    ("POST", "/turns/{turn_id}/continue"): {"wait": False},
    ("POST", "/turns/{turn_id}/retry"): {"wait": False},
    ("POST", "/extract"): {
        "text": "Ada",
        "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
    },
    ("POST", "/count_tokens"): {"text": "Hello"},
    ("POST", "/projects"): {"name": "Bridge"},
    ("PATCH", "/projects/{project_id}"): {"instructions": "Answer in metres."},
    ("POST", "/projects/{project_id}/documents"): {"name": "Width", "text": "12 m"},
    ("POST", "/projects/{project_id}/members"): {"email": "colleague@example.test"},
    ("POST", "/messages/{message_id}/feedback"): {"rating": 1, "reason": "clear", "words": "Thanks"},
    ("POST", "/memory"): {"text": "Likes tea"},
    ("PATCH", "/memory/{entry_id}"): {"text": "Likes coffee"},
}
QUERIES = {("GET", "/search"): {"q": "high"}}
BODIES["POST", "/tool-calls/{tool_call_id}/decision"] = {"decision": "approve"}
FILE = {"file": ("a.txt", b"Hello")}
FORMS = {
    ("POST", "/attachments"): FILE,
    ("POST", "/imports"): {"file": ("a.json", b"[]")},
    ("POST", "/projects/{project_id}/files"): FILE,
}
BY_ID = [route for route in OWNERS if "{" in route[1]]


@pytest.fixture(scope="module")
def things(live: LiveServer) -> dict[str, str]:
    """Things of the insider: a conversation with a stopped turn, which can be continued and repeated."""
    program = live.client()
    (call,) = program.turn(scenario("tool_loop rounds=1"), conversation=live.conversation)["tool_calls"]
    assert (call["status"], call["is_error"]) == ("failed", True)
    turn = program.turn(scenario("max_tokens"), conversation=live.conversation)
    assert turn["can_continue"]
    project = program.post("/projects", {"name": "Bridge"}).json()["id"]
    document = program.post(f"/projects/{project}/documents", {"name": "a", "text": "91 m"}).json()["id"]
    return {
        "project_id": project,
        "document_id": document,
        "member_id": "987654321",
        "conversation_id": live.conversation,
        "message_id": turn["message"]["id"],
        "turn_id": turn["id"],
        "tool_call_id": call["id"],
        "tool_id": new_id(),
        "entry_id": program.http.post("/memory", json={"text": "Likes water"}).json()["id"],
        "attachment_id": program.http.post("/attachments", files=FILE).json()["id"],
        "share_id": program.post(f"/conversations/{live.conversation}/shares", {}).json()["id"],
        "import_id": finished_import(live),
    }


def finished_import(live: LiveServer) -> str:
    """Return the id of an import whose job is done: a person has one at a time."""
    begun = live.client().http.post("/imports", files=FORMS["POST", "/imports"]).json()["id"]
    live.shell(f"from chat.operations.imports.run import run_import; run_import({begun!r})")
    return str(begun)


def ask(program: ApiClient, route: tuple[str, str], ids: dict[str, str], **options):
    method, path = route
    body = BODIES.get(route)
    sent = {"files": FORMS[route]} if route in FORMS else {"json": body} if body else {}
    query = QUERIES.get(route)
    return program.http.request(method, path.format(**ids), params=query, **sent, **options)


def test_every_route_is_in_the_access_table() -> None:
    routes = {
        (method, "/" + path.lstrip("/"))
        for router in urls.api._get_bound_routers()
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }
    assert routes == set(OWNERS)


@pytest.mark.parametrize("route", OWNERS, ids=" ".join)
def test_request_without_identity_is_unauthorized(
    live: LiveServer, things: dict[str, str], route: tuple[str, str]
) -> None:
    for ids in (things, {name: new_id() for name in things}):
        refused = ask(live.client(None), route, ids)
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "not_signed_in"


@pytest.mark.parametrize("route", BY_ID, ids=" ".join)
@pytest.mark.parametrize("name", ["colleague", "outsider"])
def test_foreign_id_is_not_found(
    live: LiveServer, things: dict[str, str], route: tuple[str, str], name: str
) -> None:
    program = live.client(name)
    foreign = ask(program, route, things)
    unknown = ask(program, route, {key: new_id() for key in things})
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    for variant in (things["turn_id"].upper(), things["turn_id"].replace("-", ""), "%00", "..%2fme"):
        # An address that has no route takes no forms.
        assert ask(program, route, dict.fromkeys(things, variant)).status_code in (404, 405, 415)


@pytest.mark.parametrize("name", ["colleague", "outsider"])
def test_lists_show_only_own_rows(live: LiveServer, things: dict[str, str], name: str) -> None:
    program = live.client(name)
    for path in ("/conversations", "/usage", "/me", "/models", "/assistants"):
        told = program.get(path).text
        assert all(value not in told for value in things.values())
        assert "insider@example.test" not in told
        assert "heliotrope" not in told
    assert (len(program.get("/assistants").json()["data"]) == 1) is (name == "colleague")


def test_foreign_conversation_cannot_be_continued(live: LiveServer, things: dict[str, str]) -> None:
    program = live.client("outsider")
    for members in ({"conversation": things["conversation_id"]}, {"parent": things["message_id"]}):
        assert program.post("/turns", {"text": "Hi", "wait": False, **members}).status_code == 404
    assert program.get("/conversations").json()["data"] == []


def test_read_key_changes_nothing(live: LiveServer, things: dict[str, str]) -> None:
    for route in OWNERS:
        answer = ask(live.client("reader"), route, things)
        if route[0] == "GET":
            assert answer.status_code == 200, route
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope"), route


def test_owner_may_use_every_route(live: LiveServer, things: dict[str, str]) -> None:
    program = live.client()
    last = [("POST", "/turns/{turn_id}/continue"), ("POST", "/turns/{turn_id}/retry")]
    for route in [*(route for route in OWNERS if route[0] != "DELETE" and route not in last), *last]:
        answer = ask(program, route, things)
        assert answer.status_code == OWNERS[route], (route, answer.text)
        if "turn" in route[1] and answer.status_code == 202 and answer.json()["finished_at"] is None:
            program.all_events(f"/turns/{answer.json()['id']}/events")
    assert ask(program, ("DELETE", "/conversations/{conversation_id}"), things).status_code == 204
