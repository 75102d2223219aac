"""Mail that staff cause: invitations, links to set a new password, and notices of what they changed.

The adapter sends, after the response where a mail server is involved, and logs what fails: a mail server that is away
must not undo what staff did.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm, default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from chat.models import Project, User


def send_invitation(*, user: User, inviter: User) -> None:
    """Send a new person a link to set a password."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    adapter = get_adapter()
    url = adapter.get_reset_password_from_key_url(key)
    with _language_of(user):
        adapter.send_mail("account/email/invitation", user.email, {"inviter": inviter, "url": url})


def send_reset_link(*, user: User, request: HttpRequest) -> None:
    """Send a person a link to set a new password, as the sign-in page does."""
    form = ResetPasswordForm(data={"email": user.email})
    with _language_of(user):
        if form.is_valid():
            form.save(request)


def notify_password_set(*, user: User) -> None:
    """Send a person the notice that staff set a new password."""
    with _language_of(user):
        get_adapter().send_notification_mail("account/email/password_changed", user, email=user.email)


def notify_address_changed(*, user: User, old_email: str) -> None:
    """Send a person, at the old address, the notice that staff changed the address."""
    change = {"from_email": old_email, "to_email": user.email}
    with _language_of(user):
        get_adapter().send_notification_mail("account/email/email_changed", user, change, email=old_email)


def notify_project_handed_over(*, project: Project, earlier: User) -> None:
    """Send the new owner of a project a mail that names the project, its earlier owner and its address."""
    owner = project.owner
    context = {
        "project": project,
        "earlier": earlier,
        "earlier_edits": earlier.is_active,
        "project_url": reverse("project", args=[project.pk]),
    }
    with _language_of(owner):
        get_adapter().send_mail("account/email/project_handed_over", owner.email, context)


def _language_of(user: User) -> Any:
    return translation.override(user.language or translation.get_language())
