"""An interpreter with the packages that `make run` installs, so that Parley is measured as people run it.

Some packages of development are imported by others where they are found (rich, Pygments and PyYAML by structlog and
kombu): 4 MiB of each process and a tenth of a second of its start.
"""

import subprocess
import sys
from pathlib import Path

from tests.support.environment import ROOT

INSTALL_SECONDS = 600


def base_python(folder: Path) -> str:
    """Make a virtual environment with the locked base packages in `folder` and return its interpreter.

    Raises:
        SystemExit: the packages can't be installed.
    """
    print("Installing the base packages, as `make run` does...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=INSTALL_SECONDS)
    python = str(folder / "bin" / "python")
    options = ["--disable-pip-version-check", "--no-input", "--quiet", "--no-deps", "--require-hashes"]
    requirements = ROOT / "requirements" / "base.txt"
    command = [python, "-m", "pip", "install", *options, "-r", requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode:
        raise SystemExit(f"The base packages can't be installed: {done.stderr[-2000:]}")
    return python
