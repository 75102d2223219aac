import ast
import http.client
import json
import sys
from pathlib import Path
from typing import Any

import anthropic
import pytest

from chat.simulator import app as app_module
from chat.simulator.app import create_app
from tests.simulator.asking import ask, body, scenario
from tests.support.simulator import Loopback

VERSION = {"anthropic-version": "2023-06-01"}


def raw(url: str, method: str, path: str, headers: dict[str, str], data: bytes | None = None) -> Any:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, data, headers)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def test_simulator_imports_nothing_of_the_project():
    allowed = {"orjson", "pypdf", *sys.stdlib_module_names}
    for file in Path(app_module.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert str(name).startswith("chat.simulator") or str(name).split(".")[0] in allowed


@pytest.mark.parametrize("header", [{"x-api-key": "k1"}, {"Authorization": "Bearer k1"}])
def test_both_authentication_headers_open_the_same_workspace(url: str, header: dict[str, str]):
    status, headers, _ = raw(url, "GET", "/v1/models?beta=true", VERSION | header)
    assert status == 200
    assert headers["anthropic-workspace-id"] == app_module.workspace_of("k1")
    assert headers["anthropic-organization-id"] == app_module.ORGANIZATION_ID


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic k1"}, {"x-api-key": " "}])
def test_requests_without_a_key_are_refused(url: str, header: dict[str, str]):
    status, headers, data = raw(url, "GET", "/v1/models", VERSION | header)
    error = json.loads(data)
    assert (status, error["error"]["type"]) == (401, "authentication_error")
    assert error["request_id"] == headers["request-id"]
    assert "anthropic-workspace-id" not in headers


def test_only_the_given_keys_are_accepted():
    with Loopback(create_app(keys=["right"])) as server:
        for key, expected in (("right", 200), ("wrong", 401)):
            assert raw(server.url, "GET", "/v1/models", VERSION | {"x-api-key": key})[0] == expected


def test_a_foreign_workspace_header_is_refused(client: anthropic.Anthropic):
    with pytest.raises(anthropic.PermissionDeniedError):
        ask(client, workspace_id="wrkspc_another")


@pytest.mark.parametrize(("version", "status"), [(None, 400), ("2020-01-01", 400), ("2026-10-21", 200)])
def test_the_version_header_is_checked(url: str, version: str | None, status: int):
    headers = {"x-api-key": "k"} | ({"anthropic-version": version} if version else {})
    assert raw(url, "GET", "/v1/models", headers)[0] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/v1/messages/batches", 404),
        ("GET", "/v1/files", 404),
        ("GET", "/v1/messages", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/simulator/reset", 405),
        ("GET", "/simulator/other", 404),
    ],
)
def test_unknown_routes_answer_with_api_errors(url: str, method: str, path: str, status: int):
    found, _, data = raw(url, method, path, VERSION | {"x-api-key": "k"})
    assert found == status
    assert json.loads(data)["type"] == "error"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1]", b'{"a": NaN}', b"\xff", b'{"x":' + b"[" * 10_000, b'"\\ud800"']
)
def test_malformed_bodies_are_refused(url: str, data: bytes):
    status, _, answer = raw(url, "POST", "/v1/messages", VERSION | {"x-api-key": "k"}, data)
    assert (status, json.loads(answer)["error"]["type"]) == (400, "invalid_request_error")


def test_a_body_above_32_megabytes_is_too_large(url: str):
    data = b'"' + b"x" * (33 * 1024 * 1024) + b'"'
    status, _, answer = raw(url, "POST", "/v1/messages", VERSION | {"x-api-key": "k"}, data)
    assert (status, json.loads(answer)["error"]["type"]) == (413, "request_too_large")


def test_request_ids_differ_and_reach_the_client(client: anthropic.Anthropic):
    first, second = ask(client), ask(client)
    assert first.id == second.id
    assert first._request_id != second._request_id
    assert first._request_id.startswith("req_")


def test_rate_limit_headers_count_down(client: anthropic.Anthropic):
    left = []
    for _ in range(2):
        headers = client.messages.with_raw_response.create(**body()).headers
        left.append(int(headers["anthropic-ratelimit-requests-remaining"]))
        assert headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        assert int(headers["anthropic-ratelimit-output-tokens-remaining"]) < 400_000
    assert left[1] == left[0] - 1


def test_models_are_paged_in_both_directions(client: anthropic.Anthropic):
    ids = [model.id for model in client.models.list(limit=3)]
    assert ids == [model.id for model in client.models.list(limit=1000)]
    assert "claude-sonnet-5-5" in ids
    page = client.models.list(before_id=ids[5], limit=2)
    assert [model.id for model in page.data] == ids[3:5]
    assert page.has_more is True
    assert client.models.list(before_id=ids[2]).has_more is False
    assert client.models.list(after_id=ids[-2]).data[0].id == ids[-1]


def test_models_are_filtered_by_lifecycle(client: anthropic.Anthropic):
    retired = client.models.list(lifecycle=["retired"])
    assert [model.id for model in retired] == ["claude-opus-4-1-20250805"]
    both = {model.lifecycle for model in client.models.list(lifecycle=["deprecated", "retired"])}
    assert both == {"deprecated", "retired"}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "after_id=unknown", "lifecycle=new", "after_id=a&before_id=b"]
)
def test_wrong_paging_is_refused(url: str, query: str):
    assert raw(url, "GET", f"/v1/models?{query}", VERSION | {"x-api-key": "k"})[0] == 400


def test_model_lists_its_capabilities(client: anthropic.Anthropic):
    model = client.models.retrieve("claude-sonnet-5-5")
    assert (model.line, model.lifecycle, model.max_input_tokens, model.max_tokens) == (
        *("sonnet", "active"),
        *(1_000_000, 128_000),
    )
    assert model.capabilities is not None
    types = model.capabilities.thinking.types
    assert [types.adaptive.supported, types.between_tools.supported, types.disabled.supported] == [
        True,
        True,
        False,
    ]
    assert client.models.retrieve("claude-opus-4-5").id == "claude-opus-4-5-20251101"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-unknown")


def test_status_scenarios_reach_every_endpoint(client: anthropic.Anthropic):
    with pytest.raises(anthropic.PermissionDeniedError):
        client.models.list(**scenario("permission"))
    with pytest.raises(anthropic.OverloadedError):
        client.messages.count_tokens(
            model="claude-opus-5", messages=[{"role": "user", "content": "x"}], **scenario("overloaded")
        )


def test_it_can_be_mounted_below_a_path():
    inner = create_app(prefix="/simulator")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)

    async def rooted(scope: Any, receive: Any, send: Any) -> None:
        await create_app()(scope | {"root_path": "/below"}, receive, send)

    for outside, prefix in ((outer, "/simulator"), (rooted, "/below")):
        with (
            Loopback(outside) as server,
            anthropic.Anthropic(api_key="k", base_url=server.url + prefix) as client,
        ):
            assert client.models.retrieve("claude-opus-5").id == "claude-opus-5"


def test_the_control_panel_can_be_left_out():
    with Loopback(create_app(control=False)) as server:
        status, _, _ = raw(server.url, "GET", "/simulator/invoice", VERSION | {"x-api-key": "k"})
        assert status == 404
