"""The environment of tests: every variable that Parley reads is set or emptied."""

import os
from pathlib import Path

from scripts.check_settings import variables

ROOT = Path(__file__).resolve().parent.parent.parent


def hermetic(data_dir: Path) -> dict[str, str]:
    """Return what shadows the machine's environment and its .env file, with data in `data_dir`.

    An unset variable would let the .env file speak, so numbers and switches are given their plain defaults.
    """
    return {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": "",
        "DATABASE_PREPARE": "on",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "SECRET_KEY": "a-secret-key-of-the-tests-that-is-long-enough-for-django-checks",
        "FIELD_ENCRYPTION_KEYS": "",
        "DEBUG": "off",
        "HTTPS": "off",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "CSRF_TRUSTED_ORIGINS": "",
        "HOST": "127.0.0.1",
        "ANTHROPIC_API_KEY": "",
        "ANTHROPIC_AUTH_TOKEN": "",
        "ANTHROPIC_BASE_URL": "",
        "ANTHROPIC_CONFIG_DIR": str(data_dir / "no-profile"),
        "ADMIN_EMAIL": "admin@localhost",
        "ADMIN_PASSWORD": "",
        "LOCAL_MODEL": "off",
        "SIMULATOR": "on",
        # A test that looks at an answer while it is written asks for a pace or a length that lasts.
        "SIMULATOR_PACE": "600",
        "SIGNUP_OPEN": "off",
        "EGRESS_ALLOW": "",
        "MCP_CONNECTOR_HOSTS": "127.0.0.1",  # the simulator stands for the platform
        "TOOL_MODULES": "",
        "METRICS_TOKEN": "",
        "PUBLIC_URL": "",
        "HSTS_SUBDOMAINS": "off",
        "HSTS_PRELOAD": "off",
        "TRUSTED_PROXIES": "0",
        "CONNECTIONS_PER_PERSON": "50",
        # Tests begin more in a minute than people do.
        **dict.fromkeys(("TURNS_PER_MINUTE", "CONVERSATIONS_PER_MINUTE", "UPLOADS_PER_MINUTE"), "3000"),
        "SHARED_PAGES_PER_MINUTE": "3000",
        "IMPORT_MAX_MB": "200",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
    }


# Servers are not measured when a run measures coverage: they keep their speed, and can be forked.
COVERAGE_VARIABLES = frozenset({"COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"})


def child(data_dir: Path, **changes: str) -> dict[str, str]:
    """Return a whole environment for a process of its own: this one's, made hermetic, with `changes` on top."""
    dropped = variables() | COVERAGE_VARIABLES
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**inherited, **hermetic(data_dir), "DJANGO_SETTINGS_MODULE": "config.settings", **changes}
