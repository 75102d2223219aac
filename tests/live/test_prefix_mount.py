"""An application mounted below a path sees its own path; other requests pass through."""

from typing import Any

import pytest

from chat.live.prefix_mount import Mount


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/simulator", ("inner", "/")),
        ("/simulator/v1/messages", ("inner", "/v1/messages")),
        ("/simulators", ("outer", "/simulators")),
        ("/", ("outer", "/")),
    ],
)
async def test_mounted_paths(path: str, seen: tuple[str, str]) -> None:
    asked = []

    def named(name: str) -> Any:
        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            asked.append((name, scope["path"]))

        return app

    await Mount("/simulator", named("inner"), otherwise=named("outer"))(
        {"path": path, "raw_path": b"x"}, None, None
    )
    assert asked == [seen]
