"""Texts of models and strangers: their tests hear of each request of the page."""

import pytest


@pytest.fixture(autouse=True)
def all_requests(network_log: None) -> None:
    """Let each test of this folder use the network log."""
