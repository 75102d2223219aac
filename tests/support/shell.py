"""A Python process on a Parley's data that executes code again and again, since each start of Python takes a second."""

import contextlib
import io
import json
import os
import sys
import traceback
from typing import Any

from tests.support.fork_server import start_process


class Shell:
    """A Python process with a Parley's environment. `run` executes code in it, each time in a new namespace."""

    def __init__(self, environment: dict[str, str]) -> None:
        (stdin, to_stdin), (from_stdout, stdout) = os.pipe(), os.pipe()
        self._process = start_process(["tests.support.shell"], environment, (stdin, stdout, 2))
        os.close(stdin)
        os.close(stdout)
        self._requests, self._answers = os.fdopen(to_stdin, "w"), os.fdopen(from_stdout)

    def run(self, code: str) -> str:
        """Execute `code` and return what it printed.

        Raises:
            AssertionError: it raised; the message is its traceback.
        """
        self._requests.write(json.dumps(code) + "\n")
        self._requests.flush()
        answer = self._answers.readline()
        assert answer, f"the shell ended with {self._process.wait(10)}"
        told: dict[str, Any] = json.loads(answer)
        assert not told["failure"], f"{told['failure']}\n{told['printed']}"
        return str(told["printed"])

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._process.wait(30)
        self._answers.close()


def _serve() -> None:
    import django

    django.setup()
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        answers.write(json.dumps(_run(json.loads(line))) + "\n")
        answers.flush()


def _run(code: str) -> dict[str, str]:
    from django.core.cache import caches
    from django.db import connections
    from django.utils import translation

    printed, failure = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, {"__name__": "__main__"})  # noqa: S102 - the code is the tests' own
    except Exception:
        failure = traceback.format_exc()
    # What a new process would not have.
    caches["process"].clear()
    translation.deactivate()
    connections.close_all()
    return {"printed": printed.getvalue(), "failure": failure}


if __name__ == "__main__":
    _serve()
