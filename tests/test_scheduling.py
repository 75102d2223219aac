"""What a test process that dies, as pytest-timeout ends one, does to the rest of a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_goes_on_when_a_test_process_dies(tmp_path: Path, processes: int) -> None:
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "test_first.py").write_text("def test_one(): pass\n")
    (tmp_path / "test_second.py").write_text(
        "import os\ndef test_one(): pass\ndef test_two(): os._exit(1)\ndef test_three(): pass\n"
    )
    for name in ("third", "fourth", "fifth"):
        (tmp_path / f"test_{name}.py").write_text("def test_one(): pass\n")
    plugins = ["-p", "xdist.plugin", "-p", "tests.support.scheduling"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", str(processes), "--dist", "loadscope", *plugins, tmp_path],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "crashed while running 'test_second.py::test_two'" in run.stdout
    assert "1 failed, 6 passed" in run.stdout
