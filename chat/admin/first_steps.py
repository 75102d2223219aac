"""What is left to do before people can work, as a list on the admin's first page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from chat.models import ApiCall, Assistant, Budget, LanguageModel, User


@dataclass(frozen=True)
class Step:
    title: Any
    right: str  # only staff with this permission see the step
    page: str  # where it is done, as the name of an address
    is_done: Callable[[], bool]


def _all_priced() -> bool:
    usable = LanguageModel.objects.usable()
    return usable.exists() and not usable.filter(prices=None).exists()


STEPS = (
    Step(
        _("Set up a connection and test it"),
        "chat.change_providerconnection",
        "admin:chat_providerconnection_changelist",
        lambda: ApiCall.objects.filter(status=ApiCall.Status.SUCCEEDED).exists(),
    ),
    Step(
        _("Switch on the models that people may use"),
        "chat.change_languagemodel",
        "admin:chat_languagemodel_changelist",
        lambda: LanguageModel.objects.usable().exists(),
    ),
    Step(
        _("Give each of these models a price"),
        "chat.add_modelprice",
        "admin:chat_modelprice_changelist",
        _all_priced,
    ),
    Step(
        _("Create an assistant"),
        "chat.add_assistant",
        "admin:chat_assistant_add",
        lambda: Assistant.objects.filter(enabled=True).exists(),
    ),
    Step(
        _("Invite people"),
        "chat.add_user",
        "admin:chat_user_add",
        User.objects.order_by("pk")[1:2].exists,
    ),
    Step(
        _("Set a budget"),
        "chat.add_budget",
        "admin:chat_budget_add",
        lambda: Budget.objects.filter(enabled=True).exists(),
    ),
)


def first_steps(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the steps that this user may do: [{"title": str, "link": str, "done": bool}, …]; [] once all are done."""
    steps = [
        {"title": step.title, "link": reverse(step.page), "done": step.is_done()}
        for step in STEPS
        if request.user.has_perm(step.right)
    ]
    return [] if all(step["done"] for step in steps) else steps
