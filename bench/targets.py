"""The rows of each form: its figures beside the limit of the same run, what must hold, and the goal."""

import dataclasses

from bench.forms import EMBEDDED, POSTGRES, TWO_PROCESSES
from bench.load import Figures
from bench.rounds import LATE_MS, LIMIT, Rounds
from bench.table import Row


@dataclasses.dataclass(frozen=True, slots=True)
class Musts:
    """What must hold in one form, where the forms differ."""

    flat_percent: float
    paced_times: float
    begin_seconds: float


# Sixty frames a second.
FRAME_MS = 16.7
MUSTS = {EMBEDDED: Musts(60, 3.2, 0.6), POSTGRES: Musts(55, 3.6, 0.9)}


@dataclasses.dataclass(frozen=True, slots=True)
class Apart:
    """What is measured beside the rounds: seconds until the first page and of the imports alone, and the pages."""

    cold_seconds: float
    import_seconds: float
    chat_page: Figures
    turn_start: Figures
    search: Figures
    searched_messages: int


def browser_rows(page: Figures) -> list[Row]:
    """Return the rows of the chat page in a browser.

    Where bare elements take longer than a frame, the target is multiplied by how much longer.
    """
    rows = [Row("browser", "page weight, first visit", page["weight_bytes"] / 1000, "kB", must=350)]
    names = {
        "text": "30,000 characters, longest task",
        "list": "list of 5,000 rows, longest task",
        "table": "table of 5,000 rows, longest task",
        "typing": "typing while 30,000 characters arrive, slowest key",
    }
    for name, words in names.items():
        bare = page[f"plain_{name}_ms"]
        scale = max(1.0, bare / FRAME_MS)
        rows.append(Row("browser", words, page[f"{name}_ms"], "ms", bare, 50, scale=scale))
    return rows


def socket_rows(form: str, rounds: Rounds) -> list[Row]:
    """Return the rows of carrying streams."""
    musts, median = MUSTS[form], rounds.median
    flat, flat_limit = (median(name, "flat", "per_second") for name in (form, LIMIT))
    flat_cpu, flat_cpu_limit = (median(name, "flat", "cpu_ms_per_1000") for name in (form, LIMIT))
    paced, paced_limit = (median(name, "paced", "cpu_ms_per_1000") for name in (form, LIMIT))
    late, late_limit = (median(name, "paced", "late_p99_ms") for name in (form, LIMIT))
    return [
        Row(form, "socket flat out", flat, "deltas/s", flat_limit),
        Row(
            form,
            "socket flat out, of SDK SSE",
            100 * flat / flat_limit,
            "%",
            100,
            musts.flat_percent,
            75,
            more=True,
        ),
        Row(form, "socket flat out, CPU per 1,000 deltas", flat_cpu, "ms", flat_cpu_limit),
        Row(form, "socket paced, CPU per 1,000 deltas", paced, "ms", paced_limit),
        Row(form, "socket paced, CPU x SDK SSE", paced / paced_limit, "x", 1, musts.paced_times, 2.6),
        Row(form, "socket paced, p99 late", late, "ms", late_limit),
        Row(
            form,
            f"streams a core, p99 late < {LATE_MS:.0f} ms",
            rounds.carried(form),
            "",
            rounds.carried(LIMIT),
            400,
            500,
            more=True,
            scale=1 / rounds.slowness(),
        ),
    ]


def start_rows(form: str, rounds: Rounds, apart: Apart) -> list[Row]:
    """Return the rows of beginning turns."""
    begun, begun_limit = (rounds.median(name, "flat", "first_last_ms") / 1000 for name in (form, LIMIT))
    first, first_limit = (rounds.median(name, "paced", "first_p50_ms") for name in (form, LIMIT))
    return [
        Row(form, "queries to begin a turn", apart.turn_start["new_chat"], "", None, 14, 10),
        Row(form, "queries to begin the next turn of a chat", apart.turn_start["same_chat"]),
        Row(
            form,
            "turns begun at once, until all stream",
            begun,
            "s",
            begun_limit,
            MUSTS[form].begin_seconds,
            0.4,
            scale=rounds.slowness(),
        ),
        Row(form, "time to first text, paced, p50", first, "ms", first_limit),
    ]


def process_rows(form: str, rounds: Rounds, apart: Apart) -> list[Row]:
    """Return the rows of memory, start and pages."""
    idle, idle_limit = (rounds.first(name, "paced", "idle_kib") / 1024 for name in (form, LIMIT))
    stream, stream_limit = (rounds.first(name, "paced", "stream_kib") for name in (form, LIMIT))
    page = apart.chat_page
    return [
        Row(form, "memory idle", idle, "MiB", idle_limit, 180, 150),
        Row(form, "memory a stream", stream, "KiB", stream_limit, 140, 100),
        Row(form, "cold start to the first page", apart.cold_seconds, "s", apart.import_seconds),
        Row(
            form,
            "cold start beyond the imports",
            apart.cold_seconds - apart.import_seconds,
            "s",
            0,
            0.3,
            0.2,
            scale=rounds.slowness(),
        ),
        Row(
            form,
            "chat of 1,000 messages, first opened, server time p50",
            page["first_p50_ms"],
            "ms",
            None,
            30,
            25,
            scale=rounds.slowness(),
        ),
        Row(
            form,
            "chat of 1,000 messages, opened again, server time p50",
            page["p50_ms"],
            "ms",
            None,
            30,
            25,
            scale=rounds.slowness(),
        ),
        Row(
            form,
            "chat of 1,000 messages, queries",
            page["queries"],
            "",
            page["short_queries"],
            page["short_queries"],
            page["short_queries"],
        ),
        *search_rows(form, rounds, apart),
    ]


def search_rows(form: str, rounds: Rounds, apart: Apart) -> list[Row]:
    """Return the rows of search; what it is measured in is a part of the names."""
    name, found = f"search in {apart.searched_messages:,} messages", apart.search
    return [
        Row(form, f"{name}, p50", found["p50_ms"], "ms", None, 80, 50, scale=rounds.slowness()),
        Row(form, f"{name}, slowest words", found["slowest_ms"], "ms"),
    ]


def two_process_rows(rounds: Rounds) -> list[Row]:
    """Return the rows of two processes whose viewers are at the one that does not run the turns."""
    form = TWO_PROCESSES
    paced, paced_limit = (rounds.median(name, "paced", "cpu_ms_per_1000") for name in (form, LIMIT))
    late, late_limit = (rounds.median(name, "paced", "late_p99_ms") for name in (form, LIMIT))
    return [
        Row(form, "viewers elsewhere, CPU per 1,000 deltas", paced, "ms", paced_limit),
        Row(form, "viewers elsewhere, CPU x SDK SSE", paced / paced_limit, "x", 1, 5, 4),
        Row(form, "viewers elsewhere, p99 late", late, "ms", late_limit, 400, 250, scale=rounds.slowness()),
    ]
