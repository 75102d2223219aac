"""Sentences for staff about failures of a connection."""

import pytest

from chat.claude.failures.failure import FailureKind, failure, from_response
from chat.operations.catalogue.advice import staff_advice


def test_every_kind_has_advice_without_placeholders() -> None:
    told = {kind: staff_advice(failure(kind, "why"), "claude-test") for kind in FailureKind}
    assert all(sentence and "%(" not in sentence for sentence in told.values())
    assert "why" in told[FailureKind.CERTIFICATE]
    assert "claude-test" in told[FailureKind.NOT_FOUND]
    assert "Messages API" in told[FailureKind.PROTOCOL]


@pytest.mark.parametrize(
    ("location", "host"), [("https://other.example.org/x?k=1", "https://other.example.org"), ("/x", "")]
)
def test_redirect_names_its_host(location: str, host: str) -> None:
    sentence = staff_advice(from_response(308, "", {"location": location}))
    assert "redirect" in sentence
    assert host in sentence
    assert sentence.endswith("(HTTP 308)")
    assert "k=1" not in sentence


def test_a_list_has_no_model_to_name() -> None:
    assert "this model" in staff_advice(failure(FailureKind.NOT_FOUND, "no"))
