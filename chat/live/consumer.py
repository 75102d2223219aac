"""The socket `/ws/chat/`: reads commands, sends events. Handlers are short; the turn runs in the engine."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import translation
from django.utils.translation import gettext as _
from structlog.contextvars import bound_contextvars

from chat import metrics
from chat.engine import submit
from chat.engine.database import in_database
from chat.engine.runtime import engine
from chat.engine.viewers.hub import TooManyViewers
from chat.engine.viewers.viewer import Viewer, ViewerClosed
from chat.events.payloads import EventFrame, accepted, refresh
from chat.live import commands, fragments
from chat.live.identity import SocketIdentity, guard, identify, origin_allowed
from chat.live.language import language_of
from chat.models import ApiKey
from chat.models.ids import ConversationId
from chat.operations.errors import OperationError, invalid
from chat.operations.turns import subscription
from chat.operations.turns.turn_request import AcceptedTurn, TurnRequest

log = structlog.get_logger(__name__)

# What sending to a client raises that went away meanwhile. That is no failure: its disconnect is on the way.
CLIENT_GONE = (OSError, RuntimeError)

MAX_SUBSCRIPTIONS = 100
# A client that reads nothing for so long is dropped; it resumes by seq when it is back.
SEND_SECONDS = 15.0
MAX_WAITING_MESSAGES = 1000
BURST, PER_SECOND = 120, 20.0
CHARACTERS_PER_COMMAND = 262_144

NOT_SIGNED_IN, REFUSED_ORIGIN, GONE, TOO_SLOW, TOO_MANY = 4401, 4403, 4404, 4408, 4429
RESTART, FAILED = 1012, 1011
Submit = Callable[[TurnRequest, Viewer], Awaitable[AcceptedTurn]]


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket: an identity, a viewer, a dialect (data, or data with rendered fragments).

    Channels calls methods of one class for all that happens on a socket, so reading and sending stand together here.
    """

    # Hints reach the engine, once per process; a socket has no channel of its own, and lives without the layer.
    channel_layer_alias = "none"

    identity: SocketIdentity
    viewer: Viewer
    html: bool
    language: str

    async def connect(self) -> None:
        self._pump: asyncio.Task[None] | None = None
        self._allowance, self._last_command_at = float(BURST), asyncio.get_running_loop().time()
        if not origin_allowed(self.scope):
            await self.close(REFUSED_ORIGIN)
            return
        identity = await identify(self.scope)
        if identity is None or (identity.api_key and not identity.api_key.allows(ApiKey.Scope.READ)):
            await self.accept()
            await self.close(NOT_SIGNED_IN)
            return
        self.identity, self.language = identity, language_of(self.scope, identity.user)
        self.html = parse_qs(self.scope.get("query_string", b"")).get(b"render") == [b"html"]
        try:
            self.viewer = engine().hub.viewer(identity.user.pk)
        except TooManyViewers:
            await self.accept()
            with translation.override(self.language):
                refused = subscription.too_many_connections()
            await self._refuse({}, refused.code, refused.message)
            return await self.close(TOO_MANY)
        self._joined: dict[
            ConversationId, None
        ] = {}  # conversations in the order in which they were last asked for
        await self.accept()
        guard.add(self, identity)
        metrics.VIEWERS.inc()
        self._send_by: float | None = None
        self._pump = asyncio.create_task(self._send_all())
        self._check_sending()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle one message. Only the engine's threads use the database, so no connection is checked here."""
        await getattr(self, get_handler_name(message))(message)

    async def disconnect(self, code: int) -> None:
        if self._pump is None:
            return
        self._stuck_check.cancel()
        metrics.VIEWERS.dec()
        guard.remove(self)
        engine().hub.leave(self.viewer)
        self._pump.cancel()

    async def end(self, code: int) -> None:
        """Close: revoked, too slow, too many, going down."""
        with contextlib.suppress(*CLIENT_GONE):
            await self.close(code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._pump is None:
            return
        if not self._within_pace(len(text_data or "")):
            await self.end(TOO_MANY)
            return
        # As the id of an HTTP request; the turn that a command starts takes it along.
        with bound_contextvars(request_id=uuid.uuid4().hex):
            await self._answer(text_data)

    async def _answer(self, text: str | None) -> None:
        command: dict[str, Any] = {}
        try:
            command = commands.read_command(text)
            with translation.override(self.language):
                await self._execute(command)
        except OperationError as error:
            await self._refuse(command, error.code, error.message, error.fields)
        except Exception:
            log.exception("command_failed", command=str(command.get("type"))[:40])
            await self._refuse(command, "internal", _("Something went wrong. Try again."))

    async def _execute(self, command: dict[str, Any]) -> None:
        match command.get("type"):
            case "ping":
                await self._send_json({"type": "pong"})
            case "turn.start":
                await self._submit(submit.submit_turn, command)
            case "turn.retry":
                await self._submit(submit.submit_retry, command)
            case "turn.continue":
                await self._submit(submit.submit_continuation, command)
            case "turn.stop":
                self._need_write()
                await submit.submit_stop(self.identity.user, command.get("turn"))
            case "tool.decide":
                self._need_write()
                await submit.submit_decision(self.identity.user, **commands.decision(command))
            case "subscribe":
                await self._subscribe(command)
            case "unsubscribe":
                await self._unsubscribe(command)
            case _:
                raise invalid(_("This message type is unknown."))

    async def _submit(self, command_of: Submit, command: dict[str, Any]) -> None:
        self._need_write()
        request = commands.turn_request(self.identity, command)
        leaving = await self._conversation_to_leave(request)
        found = await command_of(request, self.viewer)
        if leaving is not None:
            self._leave(leaving)
        if found.created:
            self._join(found.turn.conversation_id)
        else:
            # Joined only together with its place: in between, the turn could be followed and then sent twice.
            self.viewer.tell(accepted(found.turn))
            await self._subscribe({"conversation": found.turn.conversation_id, "turn": found.turn.id})

    async def _subscribe(self, command: dict[str, Any]) -> None:
        wanted = await self._subscription(command)
        watched = self.viewer.conversations
        if wanted.conversation_id not in watched and len(watched) >= MAX_SUBSCRIPTIONS:
            raise subscription.too_many_conversations()
        self._join(wanted.conversation_id)
        if wanted.turn_id is not None and wanted.refresh:
            self.viewer.tell(refresh(wanted.conversation_id, wanted.turn_id))
        elif wanted.turn_id is not None:
            self.viewer.watch(wanted.turn_id, wanted.conversation_id, wanted.after)
        if wanted.later_id is not None and wanted.later_id not in self.viewer.watched:
            self.viewer.watch(wanted.later_id, wanted.conversation_id, 0)

    async def _unsubscribe(self, command: dict[str, Any]) -> None:
        for watched in self.viewer.conversations:
            if str(watched) == command.get("conversation"):  # perhaps gone from the database
                self._leave(watched)
                return
        await self._subscription({**command, "turn": None})

    async def _subscription(self, command: dict[str, Any]) -> subscription.Subscription:
        return await in_database(
            subscription.subscribe,
            self.identity.user,
            conversation_id=command.get("conversation"),
            turn_id=command.get("turn"),
            after=command.get("after"),
        )

    async def _conversation_to_leave(self, request: TurnRequest) -> ConversationId | None:
        """Make room for a turn before anything is written: an accepted turn can't be refused any more."""
        if len(self.viewer.conversations) < MAX_SUBSCRIPTIONS:
            return None
        watched = [each for each in self._joined if each in self.viewer.conversations]
        return await in_database(subscription.conversation_to_leave, request, watched)

    def _join(self, conversation_id: ConversationId) -> None:
        self._joined.pop(conversation_id, None)
        self._joined[conversation_id] = None
        engine().hub.subscribe(self.viewer, conversation_id)

    def _leave(self, conversation_id: ConversationId) -> None:
        self._joined.pop(conversation_id, None)
        engine().hub.unsubscribe(self.viewer, conversation_id)

    def _need_write(self) -> None:
        key = self.identity.api_key
        if key is not None and not key.allows(ApiKey.Scope.CHAT):
            raise OperationError("forbidden", _("This key can only read."), status=403)

    async def _send_all(self) -> None:
        """Send the viewer's messages and frames in order until the socket closes."""
        loop, code = asyncio.get_running_loop(), FAILED
        try:
            while True:
                due = await self.viewer.next()
                self._send_by = loop.time() + SEND_SECONDS + len(due) / 100
                for frame in due:
                    rendered = self.html and frame.type in fragments.RENDERED
                    text = await self._rendered(frame) if rendered else frame.data.decode()
                    with contextlib.suppress(*CLIENT_GONE):
                        await self.base_send({"type": "websocket.send", "text": text})
                self._send_by = None
                if self.viewer.waiting_messages > MAX_WAITING_MESSAGES:
                    raise TimeoutError
                if any(map(self._ends_page, due)):
                    code = GONE
                    break
        except TimeoutError:
            code = TOO_SLOW
        except asyncio.CancelledError:
            if not self._stuck(loop.time()):
                raise
            code = TOO_SLOW
        except ViewerClosed:
            code = RESTART
        except Exception:
            log.exception("socket_failed")
        # First out of the hub: a client that reads nothing holds up even its close frame.
        engine().hub.leave(self.viewer)
        await self.end(code)

    def _ends_page(self, frame: EventFrame) -> bool:
        """Return whether everything that a page shows was deleted; a program may go on using its socket."""
        return frame.type == "conversation.deleted" and self.html and not self.viewer.conversations

    def _check_sending(self) -> None:
        """Drop a client that reads nothing; one timer per socket is cheaper than a timeout around each message."""
        loop = asyncio.get_running_loop()
        if self._pump is not None and self._stuck(loop.time()):
            self._pump.cancel()
        else:
            self._stuck_check = loop.call_later(1, self._check_sending)

    def _stuck(self, now: float) -> bool:
        return self._send_by is not None and now > self._send_by

    async def _rendered(self, frame: EventFrame) -> str:
        event = await in_database(
            fragments.decorate, orjson.loads(frame.data), user=self.identity.user, language=self.language
        )
        return orjson.dumps(event).decode()

    async def _send_json(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(*CLIENT_GONE):
            await self.base_send({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    async def _refuse(
        self,
        command: dict[str, Any],
        code: str,
        message: str,
        fields: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        answer: dict[str, Any] = {"type": "error", "code": code, "message": message, **fields}
        for key in ("client_id", "turn", "conversation", "tool_call"):
            if isinstance(command.get(key), str):
                answer[key] = command[key][:80]
        await self._send_json(answer)

    def _within_pace(self, characters: int) -> bool:
        """Count a message, a long one like several, and return whether the client may send it."""
        now = asyncio.get_running_loop().time()
        self._allowance = min(float(BURST), self._allowance + (now - self._last_command_at) * PER_SECOND)
        self._last_command_at = now
        self._allowance -= 1 + characters // CHARACTERS_PER_COMMAND
        return self._allowance >= 0
