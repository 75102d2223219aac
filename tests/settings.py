"""Parley's settings in a private, empty environment, without a developer's .env file, keys or database."""

import atexit
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from tests.support.environment import hermetic

DATA_DIR = Path(tempfile.mkdtemp(prefix="parley-tests-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
os.environ.update(hermetic(DATA_DIR))
# The tests inside this process run on SQLite, or on the PostgreSQL server at this address.
os.environ["DATABASE_URL"] = os.environ.get("TEST_IN_PROCESS_DATABASE_URL", "")

from config.settings import *  # noqa: E402, F403

if not SQLITE:  # noqa: F405
    # A server may be shared: other checkouts have databases of their own there.
    checkout = hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:12]  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": f"parley_tests_{checkout}"}  # type: ignore[name-defined]  # noqa: F405

# Hashing is slow on purpose, and files are hashed at deploy time: neither is what most tests are about.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {  # type: ignore[name-defined]  # noqa: F405
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# servestatic warns about a missing folder, and warnings are errors here.
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405
