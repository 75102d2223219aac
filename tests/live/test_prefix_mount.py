"""An application mounted below a path sees its own path; other requests pass through."""

import asyncio
import time
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

    await Mount("/simulator", lambda: named("inner"), otherwise=named("outer"))(
        {"path": path, "raw_path": b"x"}, None, None
    )
    assert asked == [seen]


async def test_the_application_is_loaded_once_by_its_first_request() -> None:
    loaded, answered = [], []

    def load() -> Any:
        loaded.append(time.monotonic())
        time.sleep(0.2)

        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            answered.append(scope["path"])

        return app

    async def other(scope: dict[str, Any], receive: Any, send: Any) -> None:
        answered.append("other")

    mount = Mount("/simulator", load, otherwise=other)
    await mount({"path": "/"}, None, None)
    assert (loaded, answered) == ([], ["other"])
    left, *staying = (
        asyncio.ensure_future(mount({"path": f"/simulator/{number}"}, None, None)) for number in range(3)
    )
    await asyncio.sleep(0.05)
    left.cancel()
    await asyncio.gather(*staying)
    assert len(loaded) == 1
    assert answered == ["other", "/1", "/2"]
