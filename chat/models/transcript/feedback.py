"""What people think of answers: one row for each person and answer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.catalogue.assistants import Assistant
from chat.models.catalogue.language_models import LanguageModel
from chat.models.fields import uuid7
from chat.models.transcript.conversations import Message

LONGEST_FEEDBACK = 2_000  # characters


class Feedback(models.Model):
    """A person's 👍 or 👎 of an answer, with a reason and words for staff."""

    class Rating(models.IntegerChoices):
        GOOD = 1, _("good answer")
        BAD = -1, _("bad answer")

    class Reason(models.TextChoices):
        CORRECT = "correct", _("Correct")
        CLEAR = "clear", _("Clear")
        COMPLETE = "complete", _("Complete")
        WRONG = "wrong", _("Wrong or made up")
        MISSED = "missed", _("Missed what I asked")
        INCOMPLETE = "incomplete", _("Incomplete")
        STYLE = "style", _("Wrong style or language")
        REFUSED = "refused", _("Refused without need")
        HARMFUL = "harmful", _("Harmful or offensive")
        OTHER = "other", _("Something else")

    REASONS: ClassVar[dict[int, tuple[str, ...]]] = {
        Rating.GOOD: ("correct", "clear", "complete", "other"),
        Rating.BAD: ("wrong", "missed", "incomplete", "style", "refused", "harmful", "other"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="feedback", verbose_name=_("message"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="feedback", verbose_name=_("person")
    )
    rating = models.SmallIntegerField(_("rating"), choices=Rating.choices)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices, blank=True, default="")
    words = models.TextField(_("words"), blank=True, default="")
    # Copies, so that a list of a large table is filtered without joins.
    assistant = models.ForeignKey(
        Assistant, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assistant")
    )
    model = models.ForeignKey(
        LanguageModel, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.UniqueConstraint(fields=["message", "person"], name="feedback_once"),
            models.CheckConstraint(name="feedback_rating_known", condition=Q(rating__in=(1, -1))),
        ]

    def __str__(self) -> str:
        return str(self.get_rating_display())
