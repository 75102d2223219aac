"""The context of the buttons below an answer with which a person says what they think of it."""

from typing import Any

from chat.models import Feedback
from chat.models.ids import MessageId


def feedback_buttons(message_id: MessageId, given: Feedback | None) -> dict[str, Any]:
    """Return the context of chat/message/_feedback.html; `reasons` fit the rating that was given."""
    rating = given.rating if given else 0
    labels = dict(Feedback.Reason.choices)
    return {
        "message_id": message_id,
        "rating": rating,
        "given": {"reason": given.reason, "words": given.words} if given else None,
        "reasons": [(code, labels[code]) for code in Feedback.REASONS.get(rating, ())],
        "asks": False,
        "thanks": False,
        "error": "",
    }
