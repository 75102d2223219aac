"""The list of feedback: staff read opinions, not the answers that they are about."""

from django.contrib.auth.models import Permission
from django.test import Client

from chat.models import Feedback
from tests.admin.world import PRIVATE, World


def test_staff_read_the_opinion_and_not_the_answer(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_feedback"))
    Feedback.objects.update(words="Too long, and wrong. " * 10)
    for view in ("changelist", "change"):
        shown = staff.get(world.url("chat_feedback", view)).content.decode()
        assert "Too long, and wrong." in shown
        assert "Wrong or made up" in shown
        assert PRIVATE not in shown
    assert str(world.rows["chat_conversation"].pk) in shown


def test_lists_are_filtered_by_what_answered(world: World, root: Client) -> None:
    address = world.url("chat_feedback")
    model = world.rows["chat_languagemodel"].pk
    assert "Bad answer" in root.get(f"{address}?model__id__exact={model}").content.decode()
    assert "Bad answer</" not in root.get(f"{address}?rating__exact=1").content.decode()


def test_words_of_nothing_are_a_dash(world: World, root: Client) -> None:
    Feedback.objects.update(reason="", words="")
    shown = root.get(world.url("chat_feedback", "change")).content.decode()
    assert "Wrong or made up" not in shown
