"""The simulator as one ASGI application: routing, authentication, the models endpoints and the control endpoints."""

import hmac
import time
from collections.abc import Callable, Iterable
from typing import Any

from chat.simulator import files, models, scenarios
from chat.simulator.checks.request import check_version
from chat.simulator.messages import Messages, Settings
from chat.simulator.transport.faults import PROXY_PAGE, status_error
from chat.simulator.transport.http import ClientGone, Connection, Receive, Request, Scope, Send
from chat.simulator.transport.wire import (
    ORGANIZATION_ID,
    ApiError,
    encode,
    error_body,
    new_request_id,
    workspace_of,
)

DEFAULT_PACE = 60.0
STATIC_HEADERS = {"content-type": "application/json", "anthropic-organization-id": ORGANIZATION_ID}


class Simulator:
    """A local Messages API; an ASGI application."""

    def __init__(self, settings: Settings, *, keys: Iterable[str] | None, prefix: str, control: bool) -> None:
        self._keys = None if keys is None else tuple(keys)
        self._prefix = prefix
        self._control = control
        self._messages = Messages(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(Request.of(scope, self._prefix), Connection(receive, send))
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, request: Request, connection: Connection) -> None:
        request_id = new_request_id()
        request.answer_headers = STATIC_HEADERS | {"request-id": request_id}
        try:
            await self._route(request, connection, request_id)
        except ApiError as error:
            await self._refuse(request, connection, error, request_id)
        except ClientGone:
            pass
        finally:
            connection.close()

    async def _refuse(
        self, request: Request, connection: Connection, error: ApiError, request_id: str
    ) -> None:
        if connection.started:
            raise error
        headers = request.answer_headers | error.headers
        body = encode(error_body(error.type, error.message, request_id, error.code))
        if error.status == 502:
            headers |= {"content-type": "text/html"}
            body = PROXY_PAGE
        await _send_body(connection, error.status, headers, body)

    async def _route(self, request: Request, connection: Connection, request_id: str) -> None:
        if self._control and request.path.startswith("/simulator/"):
            await self._panel(request, connection)
            return
        workspace = self._authenticate(request)
        request.answer_headers["anthropic-workspace-id"] = workspace
        version = check_version(request.headers)
        match request.path.strip("/").split("/"):
            case ["v1", "messages"]:
                _allow(request, "POST")
                await self._messages.create(
                    request, connection, workspace=workspace, version=version, request_id=request_id
                )
            case ["v1", "messages", "count_tokens"]:
                _allow(request, "POST")
                _fail_when_asked(request)
                body = await connection.read()
                await _json(request, connection, self._messages.count(body, request, workspace, version))
            case ["v1", "models"]:
                _allow(request, "GET")
                _fail_when_asked(request)
                await _json(request, connection, _model_page(request))
            case ["v1", "models", name]:
                _allow(request, "GET")
                _fail_when_asked(request)
                await _json(request, connection, _model_info(name))
            case ["v1", "files", file_id]:
                _allow(request, "GET")
                await _json(request, connection, files.metadata(file_id))
            case ["v1", "files", file_id, "content"]:
                _allow(request, "GET")
                media_type, data = files.content(file_id)
                await _send_body(connection, 200, request.answer_headers | {"content-type": media_type}, data)
            case _:
                raise ApiError(404, "Not found")

    def _authenticate(self, request: Request) -> str:
        """Return the workspace of the request's key.

        Raises:
            ApiError: 401 without an accepted key, 403 for another workspace's key.
        """
        key = request.key
        if not key:
            raise ApiError(401, "x-api-key or authorization header is required")
        accepted = self._keys is None or any(
            hmac.compare_digest(key.encode("latin-1"), known.encode()) for known in self._keys
        )
        if not accepted:
            raise ApiError(401, "invalid x-api-key")
        workspace = workspace_of(key)
        if request.headers.get("anthropic-workspace-id", workspace) != workspace:
            raise ApiError(403, "the API key does not belong to this workspace")
        return workspace

    async def _panel(self, request: Request, connection: Connection) -> None:
        match request.path:
            case "/simulator/invoice":
                _allow(request, "GET")
                await _json(request, connection, self._messages.invoice.as_json())
            case "/simulator/reset":
                _allow(request, "POST")
                self._messages.reset()
                await _json(request, connection, {"reset": True})
            case _:
                raise ApiError(404, "Not found")


def create_app(
    *,
    scenario: str = "default",
    seed: int = 0,
    keys: Iterable[str] | None = None,
    pace: float = DEFAULT_PACE,
    prefix: str = "",
    control: bool = True,
    clock: Callable[[], float] = time.time,
) -> Simulator:
    """Return the simulator as an ASGI application.

    `scenario` is the server's default ("name key=value …"). `keys` are the accepted API keys (None: any).
    `pace` is the number of deltas per second (0: as fast as possible). `prefix` is the path under which the
    application is mounted, if the outer application does not remove it. `control` says whether
    /simulator/invoice and /simulator/reset exist. `clock` returns seconds and drives cache lifetimes and
    rate-limit windows.

    Raises:
        ApiError: the scenario is unknown.
    """
    settings = Settings(scenarios.parse(scenario), seed, pace, clock)
    return Simulator(settings, keys=keys, prefix=prefix, control=control)


def _allow(request: Request, method: str) -> None:
    if request.method != method:
        raise ApiError(405, "Method Not Allowed", headers={"allow": method})


def _fail_when_asked(request: Request) -> None:
    written = request.headers.get("x-simulator-scenario")
    choice = scenarios.parse(written) if written else None
    if choice and choice.scenario.kind == "status":
        raise status_error(choice)


def _model_page(request: Request) -> dict[str, Any]:
    stages = [stage for name in ("lifecycle", "lifecycle[]") for stage in request.query.get(name, [])]
    if not set(stages) <= {"active", "deprecated", "retired"}:
        raise ApiError(400, "lifecycle: Input should be 'active', 'deprecated' or 'retired'")
    found = [models.model_info(model) for model in models.list_models(stages)]
    ids = [model["id"] for model in found]
    limit = _limit(request)
    after, before = request.query.get("after_id"), request.query.get("before_id")
    if after and before:
        raise ApiError(400, "only one of after_id and before_id may be given")
    start, end = 0, len(found)
    if after:
        start = _index(ids, after[0], "after_id") + 1
        end = min(end, start + limit)
    elif before:
        end = _index(ids, before[0], "before_id")
        start = max(0, end - limit)
    else:
        end = min(end, limit)
    page = found[start:end]
    return {
        "data": page,
        "has_more": start > 0 if before else end < len(found),
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def _limit(request: Request) -> int:
    written = request.query.get("limit", ["20"])[0]
    if not written.isdigit() or not 1 <= int(written) <= 1000:
        raise ApiError(400, "limit: Input should be between 1 and 1000")
    return int(written)


def _index(ids: list[str], wanted: str, name: str) -> int:
    model = models.find(wanted)
    if model is None or model.id not in ids:
        raise ApiError(400, f"{name}: no such model: {wanted}")
    return ids.index(model.id)


def _model_info(name: str) -> dict[str, Any]:
    model = models.find(name)
    if model is None:
        raise ApiError(404, f"model: {name}")
    return models.model_info(model)


async def _json(request: Request, connection: Connection, value: dict[str, Any]) -> None:
    await _send_body(connection, 200, request.answer_headers, encode(value))


async def _send_body(connection: Connection, status: int, headers: dict[str, str], body: bytes) -> None:
    await connection.start(status, headers | {"content-length": str(len(body))})
    await connection.finish(body)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
