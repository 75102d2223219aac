"""Shared conversations in the admin: staff see that there are links, not what is in them, and revoke them."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import Share
from tests.admin.world import PRIVATE, World

SUBMITTED, HTMX = {"_form_submitted": "True"}, {"HX-Request": "true"}


def test_the_list_shows_no_title_and_no_link(world: World, root: Client) -> None:
    for view in ("changelist", "change"):
        page = root.get(world.url("chat_share", view)).content.decode()
        assert "person@example.test" in page
        assert PRIVATE not in page
        assert "d" * 64 not in page


def test_a_link_is_revoked_from_its_row(world: World, root: Client) -> None:
    share = Share.objects.get()
    address = reverse("admin:chat_share_revoke", args=[share.pk])
    assert root.get(address).status_code == 200
    share.refresh_from_db()
    assert share.revoked_at is None, "a link alone revokes nothing"
    root.post(address, SUBMITTED, headers=HTMX)
    share.refresh_from_db()
    assert share.revoked_at is not None
    assert "revoked" in root.get(world.url("chat_share")).content.decode()


def test_selected_links_are_revoked(world: World, root: Client) -> None:
    form = {"action": "revoke_selected", "_selected_action": [str(Share.objects.get().pk)]}
    page = root.post(world.url("chat_share"), form, follow=True).content.decode()
    assert "was revoked" in page
    assert Share.objects.get().revoked_at is not None


@pytest.mark.parametrize("right", ["view_share", "view_user"])
def test_revoking_needs_the_right(world: World, staff: Client, right: str) -> None:
    world.staff.user_permissions.add(Permission.objects.get(codename=right))
    staff.post(reverse("admin:chat_share_revoke", args=[Share.objects.get().pk]), SUBMITTED, headers=HTMX)
    assert Share.objects.get().revoked_at is None


def test_states(world: World, root: Client) -> None:
    assert "in use" in root.get(world.url("chat_share")).content.decode()
    Share.objects.update(expires_at=timezone.now())
    assert "expired" in root.get(world.url("chat_share")).content.decode()
