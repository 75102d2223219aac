"""Logging: structured lines with identifiers, never with content or keys.

An exception's message may quote a row, a request or a key (a database error shows the refused values), so
tracebacks are written with types, files and lines only.
"""

import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import structlog

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_structlog() -> None:
    """Send the output of structlog's loggers through the standard library's."""
    structlog.configure(
        processors=[*_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Return Django's LOGGING: all lines from `level` on to stderr, in one format."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.ExceptionRenderer(exception_without_values),
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "django.request": {"level": "ERROR"},  # the middleware writes one line per request
            # These would add the path, or a traceback for every request with a foreign Host.
            "django.security": {"level": "CRITICAL"},
            "uvicorn": {"handlers": [], "level": "WARNING"},
            "uvicorn.access": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "anthropic": {"level": "WARNING"},
            # These log responses of servers and sign-ins. Parley logs failures of tools and sign-ins itself.
            "mcp": {"level": "CRITICAL"},
            "azure": {"level": "CRITICAL"},
            "msal": {"level": "CRITICAL"},
        },
    }


def exception_without_values(exc_info: ExcInfo) -> str:
    """Return an exception and its causes, oldest first, as text without their messages."""
    return "\n".join(_one(error) for error in reversed(list(_chain(exc_info[1]))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _one(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    lines = "".join(traceback.format_tb(error.__traceback__)) + name
    if isinstance(error, BaseExceptionGroup):
        lines += "".join("\n  | " + _one(inner).replace("\n", "\n  | ") for inner in error.exceptions)
    return lines
