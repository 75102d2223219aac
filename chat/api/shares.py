"""Links under which others read a conversation as it was at one moment."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from chat import access
from chat.api.identity import identity_of
from chat.api.schemas import inputs, outputs
from chat.models import Share
from chat.operations.errors import not_found
from chat.operations.sharing import shares as journeys
from chat.presentation.share_address import share_address

router = Router(tags=["shares"])


@router.get("/conversations/{conversation_id}/shares", response=outputs.ShareList)
def list_shares(request: HttpRequest, conversation_id: str) -> outputs.ShareList:
    """List the links of a conversation that are neither revoked nor expired, newest first."""
    user = identity_of(request).user
    found = access.find_conversation(user, conversation_id)
    if found is None:
        raise not_found()
    rows = Share.objects.of(user).live().filter(conversation=found).order_by("-created_at", "-id")
    return outputs.ShareList(data=[_shape(request, row) for row in rows])


@router.post("/conversations/{conversation_id}/shares", response={201: outputs.ShareOut})
def create_share(
    request: HttpRequest, conversation_id: str, data: inputs.ShareInput | None = None
) -> Status[outputs.ShareOut]:
    """Share the path to the active leaf. What is written later is not shown."""
    asked = data or inputs.ShareInput.model_validate({})
    made = journeys.create_share(
        user=identity_of(request).user,
        conversation_id=conversation_id,
        audience=asked.audience,
        expires_in_days=asked.expires_in_days,
        shows_files=asked.files,
    )
    return Status(201, _shape(request, made))


@router.post("/shares/{share_id}/renew", response=outputs.ShareOut)
def renew_share(request: HttpRequest, share_id: str, data: inputs.Nothing | None = None) -> outputs.ShareOut:
    """Let a link show the path to the active leaf as it is now."""
    return _shape(request, journeys.renew_share(user=identity_of(request).user, share_id=share_id))


@router.delete("/shares/{share_id}", response={204: None})
def revoke_share(request: HttpRequest, share_id: str) -> Status[Any]:
    """Revoke a link. It never opens anything again."""
    journeys.revoke_share(user=identity_of(request).user, share_id=share_id)
    return Status(204, None)


def _shape(request: HttpRequest, row: Share) -> outputs.ShareOut:
    return outputs.ShareOut(
        id=str(row.id),
        url=share_address(request, row),
        conversation=str(row.conversation_id),
        audience=row.audience,
        files=row.shows_files,
        leaf=str(row.leaf_id),
        created_at=row.created_at,
        renewed_at=row.renewed_at,
        expires_at=row.expires_at,
    )
