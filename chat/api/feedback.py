"""What a person thinks of an answer."""

from django.http import HttpRequest
from ninja import Router

from chat.api.identity import identity_of
from chat.api.schemas import inputs, outputs
from chat.models import Feedback
from chat.operations.conversations.feedback import feedback_of, give_feedback

router = Router(tags=["conversations"])


@router.get("/messages/{message_id}/feedback", response=outputs.FeedbackOut)
def read_feedback(request: HttpRequest, message_id: str) -> outputs.FeedbackOut:
    """Read what you said about an answer."""
    return _shape(message_id, feedback_of(user=identity_of(request).user, message_id=message_id))


@router.post("/messages/{message_id}/feedback", response=outputs.FeedbackOut)
def rate_message(request: HttpRequest, message_id: str, data: inputs.FeedbackInput) -> outputs.FeedbackOut:
    """Store your opinion of an answer. Administrators can read it. Another opinion replaces it."""
    given = give_feedback(
        user=identity_of(request).user,
        message_id=message_id,
        rating=data.rating,
        reason=data.reason,
        words=data.words,
    )
    return _shape(message_id, given)


def _shape(message_id: str, given: Feedback | None) -> outputs.FeedbackOut:
    return outputs.FeedbackOut(
        message=message_id,
        rating=given.rating if given else None,
        reason=given.reason if given else "",
        words=given.words if given else "",
    )
