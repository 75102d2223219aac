"""Every environment variable is documented, and shadowed by the tests' own environment."""

from pathlib import Path

from scripts.check_settings import problems, variables
from tests.support.environment import hermetic

# Numbers whose defaults suit tests; a person's .env that changes them changes nothing that a test looks at.
LEFT_ALONE = {"PORT", "LOCAL_MODEL_PORT", "TURN_GRACE_SECONDS", "TURN_LEASE_SECONDS"}


def test_every_variable_is_documented() -> None:
    assert problems() == []


def test_check_finds_variables_of_the_settings() -> None:
    assert {"DATA_DIR", "DATABASE_URL", "ANTHROPIC_API_KEY", "PORT", "LOCAL_MODEL"} <= variables()


def test_tests_see_no_variables_of_the_machine() -> None:
    assert variables() - set(hermetic(Path("data"))) <= LEFT_ALONE | {"DEFAULT_FROM_EMAIL", "EMAIL_URL"}
