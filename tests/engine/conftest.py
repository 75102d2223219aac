"""A running turn for the tests of the engine."""

import pytest

from chat.models import Turn, User
from chat.operations.turns import claim
from tests import factories


@pytest.fixture
def turn(insider: User) -> Turn:
    """A turn that "owner" has claimed, with the fence 1."""
    queued = factories.turn(factories.conversation(insider), status="queued")
    assert claim.claim_turn(queued.id, "owner") is not None
    return queued
