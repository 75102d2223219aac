"""Python on a Parley's own data, for tests: one process that is asked again and again, for each start takes seconds."""

import contextlib
import io
import json
import subprocess
import sys
import traceback
from typing import Any

from tests.support.environment import ROOT


class Shell:
    """A Python process with a Parley's environment. `run` executes code in it, each time in a new namespace."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.shell"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> str:
        """Execute `code` and return what it printed.

        Raises:
            AssertionError: it raised; the message is its traceback.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the shell ended with {self._process.wait(10)}"
        told: dict[str, Any] = json.loads(answer)
        assert not told["failure"], f"{told['failure']}\n{told['printed']}"
        return str(told["printed"])

    def close(self) -> None:
        with self._process as process:
            assert process.stdin
            process.stdin.close()
            process.wait(30)


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
