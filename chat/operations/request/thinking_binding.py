"""Bind an answer to its request, so that its thinking is sent back only where it is valid.

Thinking is bound to everything before it, and on the newest models also to the account that paid for it. An answer
is sent back without its thinking when its account or the messages before it have changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.crypto import salted_hmac

from chat.claude.content.blocks import with_finite_numbers
from chat.claude.request.thinking_binding import prefix_digest
from chat.claude.request.transcript import PathMessage
from chat.models import Message, ProviderConnection

TAG_LENGTH = 12


def account_tag(connection: ProviderConnection) -> str:
    """Return 12 hex digits that identify the account behind a connection; another credential gives another tag."""
    account = (connection.kind, connection.base_url, connection.workspace, connection.project)
    keyed = salted_hmac("chat.account", repr((*account, connection.secret())), algorithm="sha256")
    return keyed.hexdigest()[:TAG_LENGTH]


def binding(account: str, frame_digest: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the binding of the answer to a request of these messages, for `Message.binding`."""
    return f"{account}:{prefix_digest(frame_digest, messages)}"


def path_message(message: Message, account: str) -> PathMessage:
    """Return a stored message for a request to this account; an old one without a binding is trusted."""
    made_by, _, prefix = message.binding.partition(":")
    return PathMessage(
        role=message.role,
        content=with_finite_numbers(message.content),
        frame=message.frame_id if made_by in ("", account) else None,
        complete=message.status == Message.Status.COMPLETE,
        context=message.context,
        prefix=prefix,
        requested_length=message.requested_length,
    )
