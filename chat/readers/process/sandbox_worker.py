"""The child process of `chat.readers.process.sandbox`: it limits itself, does one job, writes the answer and ends."""

import contextlib
import errno
import json
from collections.abc import Callable
from typing import IO, Any

from chat.readers import pdf, schemas
from chat.readers.errors import Refused
from chat.readers.office import document as office
from chat.readers.pictures import convert as pictures
from chat.readers.text import encodings

JobOutput = tuple[Any, list[bytes]]
JOBS: dict[str, Callable[..., JobOutput]] = {
    "picture": pictures.normalize_picture,
    "shrink": pictures.shrink_picture,
    "office": office.read_office,
    "pdf": pdf.open_pdf,
    "pdf_page": pdf.extract_page,
    "text": encodings.decode_text,
    "answer": schemas.check_answer,
    "tool_input": schemas.check_input,
}


def run_job(arguments: list[str], source: IO[bytes], target: IO[bytes]) -> None:
    """Run the job that the argument names. Exceeding a limit ends the process; see `sandbox.run`."""
    task = json.loads(arguments[0])
    set_limits(task["seconds"], task["memory_bytes"], task["answer_bytes"])
    try:
        value, parts = JOBS[task["job"]](source.read(), **task["options"])
    except Refused as refused:
        head: dict[str, Any] = {"refused": refused.code, "numbers": refused.numbers}
        parts = []
    except (MemoryError, ImportError):  # a library that can't be loaded for lack of memory counts too
        raise
    except Exception as error:  # parsers and decoders fail in many ways
        if getattr(error, "errno", None) == errno.ENOMEM:
            raise
        head, parts = {"refused": "unreadable", "numbers": {}}, []
    else:
        head = {"value": value, "sizes": [len(part) for part in parts]}
    target.write(json.dumps(head).encode() + b"\n")
    for part in parts:
        target.write(part)
    target.flush()


def set_limits(seconds: int, memory_bytes: int, answer_bytes: int) -> None:
    """Limit this process as far as the system can: macOS has no memory limit, Windows has none of these limits."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (answer_bytes, answer_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
