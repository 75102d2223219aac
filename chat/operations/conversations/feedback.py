"""A person's opinion of an answer: given, changed and taken back."""

from typing import Any

from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import Feedback, Message, User
from chat.models.transcript.feedback import LONGEST_FEEDBACK
from chat.operations.errors import invalid, not_found


def give_feedback(
    *, user: User, message_id: object, rating: int | None, reason: str = "", words: str | None = ""
) -> Feedback | None:
    """Store what a person thinks of an answer in their conversation; None as the rating takes it back.

    None as `words` keeps those of an earlier opinion.

    Raises:
        OperationError: not_found; invalid (not a finished answer, a reason of the other rating, too many words).
    """
    message = access.find_message(user, message_id)
    if message is None:
        raise not_found()
    if message.role != Message.Role.ASSISTANT or message.status == Message.Status.STREAMING:
        raise invalid(_("Only a finished answer can be rated."))
    if rating is None:
        Feedback.objects.filter(message=message, person=user).delete()
        return None
    given = {"rating": rating, **_details(rating, reason, words), **_answered_by(message)}
    return Feedback.objects.update_or_create(message=message, person=user, defaults=given)[0]


def feedback_of(*, user: User, message_id: object) -> Feedback | None:
    """Return what a person thinks of an answer, None without an opinion.

    Raises:
        OperationError: not_found.
    """
    message = access.find_message(user, message_id)
    if message is None:
        raise not_found()
    return Feedback.objects.filter(message=message, person=user).first()


def _details(rating: int, reason: str, words: str | None) -> dict[str, str]:
    words = None if words is None else clean_text(words).strip()
    if rating not in Feedback.REASONS:
        raise invalid(_("The rating is 1 for a good answer or -1 for a bad one."))
    if reason and reason not in Feedback.REASONS[rating]:
        raise invalid(_("Allowed reasons: %(names)s.") % {"names": ", ".join(Feedback.REASONS[rating])})
    if words is None:
        return {"reason": reason}
    if len(words) > LONGEST_FEEDBACK:
        raise invalid(
            _("Your words may have at most %(most)s characters (they have %(count)s).")
            % {"most": LONGEST_FEEDBACK, "count": len(words)}
        )
    return {"reason": reason, "words": words}


def _answered_by(message: Message) -> dict[str, Any]:
    turn, conversation = message.turn, message.conversation
    return {"assistant_id": conversation.assistant_id, "model_id": turn.model_id if turn else None}
