"""Rate-limit headers with real counts per workspace and minute. No request is refused because of them."""

from collections.abc import Callable
from datetime import UTC, datetime

LIMITS = {"requests": 1_000, "input-tokens": 2_000_000, "output-tokens": 400_000}
WINDOW_SECONDS = 60


class RateLimits:
    """The usage of each workspace in the current minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = 0
        self._used: dict[str, dict[str, int]] = {}

    def spend(self, workspace: str, **amounts: int) -> None:
        """Add to the usage of a workspace: requests, input_tokens, output_tokens."""
        used = self._of(workspace)
        for name, amount in amounts.items():
            used[name.replace("_", "-")] += amount

    def headers(self, workspace: str) -> dict[str, str]:
        """Return the anthropic-ratelimit-* headers of a workspace."""
        used = self._of(workspace)
        remaining = {name: max(0, limit - used[name]) for name, limit in LIMITS.items()}
        limits = LIMITS | {"tokens": LIMITS["input-tokens"] + LIMITS["output-tokens"]}
        remaining["tokens"] = remaining["input-tokens"] + remaining["output-tokens"]
        reset = datetime.fromtimestamp((self._window + 1) * WINDOW_SECONDS, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        headers = {}
        for name, limit in limits.items():
            headers[f"anthropic-ratelimit-{name}-limit"] = str(limit)
            headers[f"anthropic-ratelimit-{name}-remaining"] = str(remaining[name])
            headers[f"anthropic-ratelimit-{name}-reset"] = reset
        return headers

    def _of(self, workspace: str) -> dict[str, int]:
        window = int(self._clock() // WINDOW_SECONDS)
        if window != self._window:
            self._window = window
            self._used.clear()
        return self._used.setdefault(workspace, dict.fromkeys(LIMITS, 0))
