"""Changes a request after a refusal that names what to change, and remembers it for later requests.

Strict servers refuse cache breakpoints as unknown fields, gateways that add their own send one too many, and local
servers often have a smaller context than their model. Each of these is mended once for a request.
"""

import dataclasses
from typing import Any

import structlog
from django.utils import timezone

from chat.claude.cache.cache_control import has_breakpoints, without_breakpoints
from chat.claude.failures.context_overflow import ContextOverflow
from chat.claude.failures.failure import Failure
from chat.models import ProviderConnection
from chat.operations.catalogue.learned_limits import learn_limits
from chat.operations.running_turn import RunningTurn

log = structlog.get_logger(__name__)


@dataclasses.dataclass(slots=True)
class RequestAdapter:
    """What was changed in one request of a running turn after its refusals."""

    running: RunningTurn
    dropped_breakpoints: bool = False
    shortened: bool = False

    def adapt(self, request: dict[str, Any], cause: Failure) -> dict[str, Any] | None:
        """Return the request to send instead of a refused one; None if no change would help, or was made before."""
        if cause.overflow is not None:
            return self._shortened(request, cause.overflow)
        if cause.refuses_cache_control and not self.dropped_breakpoints and has_breakpoints(request):
            self.dropped_breakpoints = True
            return without_breakpoints(request)
        return None

    def remember(self) -> None:
        """Remember that the server has taken the request without its breakpoints."""
        refuse_cache_control(self.running.connection)

    def _shortened(self, request: dict[str, Any], overflow: ContextOverflow) -> dict[str, Any] | None:
        running = self.running
        if learn_limits(running.model, overflow):
            log.warning(
                "limits_learned", model=running.model.model_id, context=running.model.max_input_tokens
            )
            # Later calls of this turn keep to it.
            running.turn.max_tokens = min(running.turn.max_tokens, running.model.max_output_tokens)
        room = overflow.answer_tokens()
        thinking = int((request.get("thinking") or {}).get("budget_tokens") or 0)
        if self.shortened or not thinking < room < int(request["max_tokens"]):
            return None
        self.shortened = True
        return {**request, "max_tokens": room}


def refuse_cache_control(connection: ProviderConnection) -> None:
    """Send no cache breakpoints over a connection for some time; the admin shows it."""
    log.warning("cache_control_refused", connection=connection.name)
    connection.cache_control_refused_at = timezone.now()
    ProviderConnection.objects.filter(pk=connection.pk).update(
        cache_control_refused_at=connection.cache_control_refused_at
    )
