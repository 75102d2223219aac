import os
import signal
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import anthropic
import pytest
from django.core.management import CommandError, call_command

from chat.management.commands import simulate
from chat.simulator.scenarios import SCENARIOS
from tests.simulator.asking import ask, text_of

ROOT = Path(__file__).parents[2]


def test_scenarios_are_listed():
    printed = StringIO()
    call_command(simulate.Command(), "--list-scenarios", stdout=printed)
    assert [line.split()[0] for line in printed.getvalue().splitlines()] == list(SCENARIOS)


def test_an_unknown_scenario_is_an_error():
    with pytest.raises(CommandError, match="unknown scenario 'nonsense'"):
        call_command(simulate.Command(), "--scenario", "nonsense")


def test_the_command_serves_until_it_is_interrupted():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--scenario", "echo", "--key", "only-this", "--pace", "0"]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "simulate", *options], cwd=ROOT, env=os.environ.copy()
    )
    try:
        with anthropic.Anthropic(
            api_key="only-this", base_url=f"http://127.0.0.1:{port}", max_retries=8
        ) as client:
            assert text_of(ask(client, "Are you there?")) == "Are you there?"
            with pytest.raises(anthropic.AuthenticationError):
                ask(client.with_options(api_key="another"))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, -signal.SIGINT)
