"""Event streams of one person: their number, and what a lost group ends."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group

from chat.api import streams
from chat.api.identity import ApiIdentity
from chat.api.problems import Problem
from chat.engine.viewers.hub import Hub
from chat.models import User
from chat.operations.accounts.api_keys import create_api_key
from tests import factories


async def test_one_stream_too_many_is_refused_in_words(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONNECTIONS_PER_PERSON = 1
    hub = Hub()
    monkeypatch.setattr(streams, "engine", lambda: SimpleNamespace(hub=hub))
    mine, other = ApiIdentity(User(email="a@x.test")), ApiIdentity(User(email="b@x.test"))
    streams.require_place(mine)
    viewer = hub.viewer(mine.user.pk)
    with pytest.raises(Problem) as refused:
        streams.require_place(mine)
    assert (refused.value.status, refused.value.code) == (429, "too_many_connections")
    assert refused.value.headers["Retry-After"]
    assert "Close some" in refused.value.detail
    streams.require_place(other)
    hub.leave(viewer)
    streams.require_place(mine)


@pytest.mark.django_db
def test_a_lost_group_or_role_ends_a_stream() -> None:
    insider = factories.person()
    turn = factories.turn(factories.conversation(insider), status="running", answer="")
    key, _secret = create_api_key(user=insider, name="k", scopes=["chat"])
    identity = ApiIdentity(insider, api_key=key)
    group = Group.objects.create(name="readers")
    insider.groups.add(group)
    User.objects.filter(pk=insider.pk).update(is_staff=True)
    rights = identity.rights()
    assert rights == {group.pk, "staff"}
    assert streams._status(turn.id, identity, rights) == "running"
    insider.groups.add(Group.objects.create(name="others"))
    assert streams._status(turn.id, identity, rights) == "running"
    insider.groups.remove(group)
    assert streams._status(turn.id, identity, rights) is None
    insider.groups.add(group)
    User.objects.filter(pk=insider.pk).update(is_staff=False)
    assert streams._status(turn.id, identity, rights) is None
