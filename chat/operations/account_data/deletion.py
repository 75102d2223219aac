"""Deleting an account: closed at once, deleted after a week in which an administrator can bring it back.

The ledger keeps its rows without the person, because budgets and invoices are sums of them. What a person did as staff
stays in the admin's log, under a row without a name.
"""

import datetime as dt

import structlog
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import CASCADE
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.models import ApiCall, Conversation, Turn, User
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.account_data.export import remove_exports_of
from chat.operations.accounts.sessions import end_other_sessions
from chat.operations.deletion.remove import remove_conversation
from chat.operations.errors import OperationError
from chat.operations.time_limit import in_time
from chat.operations.turns.stop import stop_turn

log = structlog.get_logger(__name__)

GRACE = dt.timedelta(days=7)


def is_last_superuser(user: User) -> bool:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


def close_account(*, user: User) -> dt.datetime:
    """Close an account at once, and return when it will be deleted.

    Its answers are stopped and all its sessions end. Its keys and sockets end too, because they are an active person's.

    Raises:
        OperationError: forbidden, for the last administrator.
    """
    with transaction.atomic():
        # Locked together, so that the last two administrators can't both leave.
        list(User.objects.select_for_update().filter(is_superuser=True).order_by("pk"))
        if is_last_superuser(user):
            raise OperationError(
                "forbidden", _("You are the only administrator. Make another person one first."), status=403
            )
        for turn_id in Turn.objects.active().filter(author=user).values_list("pk", flat=True):
            stop_turn(user=user, turn_id=turn_id)
        user.is_active, user.deletion_at = False, timezone.now() + GRACE
        user.save(update_fields=["is_active", "deletion_at"])
        end_other_sessions(user=user, current_key=None)
    log.info("account_closed", user=str(user.pk))
    return user.deletion_at


def delete_closed_accounts() -> int:
    """Delete the accounts whose week is over, and return how many. Whom an administrator brought back stays."""
    User.objects.filter(is_active=True, deletion_at__isnull=False).update(deletion_at=None)
    due = User.objects.filter(is_active=False, deletion_at__lte=timezone.now()).order_by("deletion_at")
    count = 0
    for user in in_time(due):
        count += _delete_account(user)
    return count


def _delete_account(user: User) -> bool:
    """Delete a person with all that is theirs, conversation by conversation, so that no statement takes long.

    Return False while an answer is still being stopped; the next run goes on from there.
    """
    own = Conversation.objects.filter(owner=user)
    own.update(deleted_at=timezone.now() - UNDO_FOR)
    if not all(remove_conversation(pk) for pk in list(own.values_list("pk", flat=True))):
        return False
    remove_exports_of(user)
    with transaction.atomic():
        ApiCall.objects.filter(user=user).update(user=None, api_key=None)
        UserSession.objects.filter(user=user).delete()
        user_id = user.pk
        if LogEntry.objects.filter(user=user).exists():
            _keep_without_name(user)
        else:
            user.delete()
    log.info("account_deleted", user=str(user_id))
    return True


def _keep_without_name(user: User) -> None:
    """Delete all rows of a person but what they did as staff, which would go with the person's row."""
    for relation in user._meta.related_objects:
        if relation.on_delete is CASCADE and relation.related_model is not LogEntry:
            relation.related_model._base_manager.filter(**{relation.field.name: user}).delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.set_unusable_password()
    nameless = User(pk=user.pk, email=f"{user.pk}@deleted.invalid", date_joined=user.date_joined)
    nameless.password, nameless.is_active = user.password, False
    nameless.save(force_update=True)
