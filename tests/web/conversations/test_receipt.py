"""The receipt of an answer, read when it is opened: for the person whose conversation it is, and nobody else."""

import pytest
from django.test import Client

from chat.models import Conversation, Turn, User, Workspace


def test_the_page_has_a_receipts_address_and_not_its_figures(
    browser: Client, chat: Conversation, turn: Turn
) -> None:
    address = f"/messages/{turn.last_message().id}/receipt"
    page = browser.get(f"/c/{chat.id}").content.decode()
    assert f'hx-get="{address}" hx-trigger="toggle from:closest details"' in page
    assert "receipt__list" not in page
    receipt = browser.get(address)
    assert "<dt>Cost</dt><dd>$18.00</dd>" in receipt.content.decode()
    assert "no-store" in receipt["Cache-Control"]


@pytest.mark.parametrize(("certainty", "shown"), [("estimated", "&lt; 1¢"), ("unknown", "unknown")])
def test_a_sum_that_is_not_exact_says_so(certainty: str, shown: str, browser: Client, turn: Turn) -> None:
    turn.api_calls.update(certainty=certainty, cost_usd="0.0012345")
    receipt = browser.get(f"/messages/{turn.last_message().id}/receipt").content.decode()
    assert f"<dt>Cost</dt><dd>{shown}</dd>" in receipt


def test_a_workspace_may_hide_costs_from_all_but_staff(browser: Client, turn: Turn, insider: User) -> None:
    Workspace.objects.create(shows_costs=False)
    address = f"/messages/{turn.last_message().id}/receipt"
    assert "$18" not in browser.get(address).content.decode()
    User.objects.filter(pk=insider.pk).update(is_staff=True)
    assert "$18 (exact)" in browser.get(address).content.decode()


@pytest.mark.parametrize("signed_in", [True, False])
def test_others_do_not_see_it(client: Client, outsider: User, turn: Turn, signed_in: bool) -> None:
    if signed_in:
        client.force_login(outsider)
    answer = client.get(f"/messages/{turn.last_message().id}/receipt")
    assert answer.status_code == (404 if signed_in else 302)
    assert b"18.00" not in answer.content
