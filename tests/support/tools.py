"""Tools for tests. Each records its runs in a file of the data folder, so that a test can count them."""

import asyncio
import os
from decimal import Decimal
from pathlib import Path

from chat.tools.registry import tool
from chat.tools.result import ToolFailed


def runs(data_dir: Path) -> list[str]:
    """Return what ran, in order: `name text`."""
    file = data_dir / "runs.log"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _note(name: str, text: str) -> None:
    with (Path(os.environ["DATA_DIR"]) / "runs.log").open("a", encoding="utf-8") as file:
        file.write(f"{name} {text}\n")


@tool
async def quick(text: str) -> str:
    """Repeat a text.

    Args:
        text: What to repeat.
    """
    _note("quick", text)
    return f"quick says {text}"


@tool
async def careful(text: str) -> str:
    """Repeat a text with care.

    Args:
        text: What to repeat.
    """
    _note("careful", text)
    return f"careful says {text}"


@tool
async def fails(text: str) -> str:
    """Fail with words.

    Args:
        text: What to fail with.
    """
    _note("fails", text)
    raise ToolFailed(f"there is no {text}")


@tool
async def endless(text: str) -> str:
    """Never come back.

    Args:
        text: Nothing of interest.
    """
    _note("endless", text)
    await asyncio.Event().wait()
    return "never"


@tool
async def slow(text: str) -> str:
    """Be cut off by its own time limit.

    Args:
        text: Nothing of interest.
    """
    _note("slow", text)
    await asyncio.Event().wait()
    return "never"


@tool
async def purchase_part(order_id: int, amount: Decimal, qty: int) -> str:
    """Buy a part.

    Args:
        order_id: The order's number.
        amount: The price of one.
        qty: How many.
    """
    _note("purchase_part", f"{order_id} {amount} {qty}")
    return "bought"
