"""Create, renew and revoke the links of a conversation."""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.models import Conversation, Share, Turn, User, Workspace
from chat.models.transcript.shares import new_token, token_digest
from chat.operations import rates
from chat.operations.errors import OperationError, invalid, not_found

MOST_PER_CONVERSATION = 20
LONGEST_DAYS = 3650


def create_share(
    *,
    user: User,
    conversation_id: object,
    audience: str = Share.Audience.WORKSPACE,
    expires_in_days: int | None = None,
    shows_files: bool = False,
) -> Share:
    """Share the path that the page shows now.

    Raises:
        OperationError: not_found, sharing_off, audience_not_allowed, busy, empty, invalid, too_many_shares,
            too_many_requests.
    """
    rates.count(rates.CONVERSATIONS, user.pk)
    conversation = access.find_conversation(user, conversation_id)
    if conversation is None:
        raise not_found()
    _check_allowed(audience)
    if Share.objects.live().filter(conversation=conversation).count() >= MOST_PER_CONVERSATION:
        raise OperationError(
            "too_many_shares",
            _("This conversation has many links. Revoke one that is not needed any more."),
            status=409,
        )
    token = new_token()
    share = Share(
        conversation=conversation,
        owner=user,
        audience=audience,
        shows_files=shows_files,
        expires_at=_expiry(expires_in_days),
        token=token,
        digest=token_digest(token),
    )
    _take_snapshot(share, conversation)
    share.save(force_insert=True)
    return share


def renew_share(*, user: User, share_id: object) -> Share:
    """Let a link show the path that the page shows now; its address, readers and expiry stay.

    Raises:
        OperationError: not_found, busy, empty.
    """
    share = own_share(user, share_id)
    _take_snapshot(share, share.conversation)
    share.save(update_fields=["leaf_id", "title", "renewed_at"])
    return share


def revoke_share(*, user: User, share_id: object) -> None:
    """End a link of this person; its address never opens anything again.

    Raises:
        OperationError: not_found.
    """
    end_share(own_share(user, share_id))


def end_share(share: Share) -> None:
    """End a link, also for staff. The token is forgotten, the row stays for staff to see."""
    with transaction.atomic():
        Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now(), token=None)


def own_share(user: User, share_id: object) -> Share:
    """Return a person's own link that is not revoked.

    Raises:
        OperationError: not_found.
    """
    own = Share.objects.of(user).filter(id=access.as_id(share_id), revoked_at=None)
    share = own.select_related("conversation").first() if user.is_active else None
    if share is None:
        raise not_found()
    return share


def _check_allowed(audience: str) -> None:
    sharing = Workspace.current().sharing
    if audience not in Share.Audience.values:
        raise invalid(_("audience must be workspace or anyone."))
    if sharing == Workspace.Sharing.OFF:
        raise OperationError("sharing_off", _("Your administrators have switched sharing off."), status=403)
    if audience == Share.Audience.ANYONE and sharing != Workspace.Sharing.ANYONE:
        raise OperationError(
            "audience_not_allowed",
            _("Your administrators allow links for people of this workspace only."),
            status=403,
        )


def _expiry(days: int | None) -> dt.datetime | None:
    if days is None:
        return None
    if not 1 <= days <= LONGEST_DAYS:
        raise invalid(_("A link can last 1 to %(most)s days.") % {"most": LONGEST_DAYS})
    return timezone.now() + dt.timedelta(days=days)


def _take_snapshot(share: Share, conversation: Conversation) -> None:
    if Turn.objects.active().filter(conversation=conversation).exists():
        raise OperationError("busy", _("An answer is being written. Wait until it is finished."), status=409)
    if conversation.active_leaf_id is None:
        raise OperationError("empty", _("There is nothing to share yet."), status=422)
    share.leaf_id, share.title = conversation.active_leaf_id, conversation.title
    share.renewed_at = timezone.now()
