"""Shared conversations: a link under which others read a path as it was at one moment."""

import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import User
from chat.models.fields import encrypted_text, uuid7
from chat.models.transcript.conversations import Conversation, living

TOKEN_BYTES = 24  # 192 bits, 32 characters


class ShareQuerySet(models.QuerySet["Share"]):
    def of(self, user: User) -> Self:
        return self.filter(owner=user)

    def live(self) -> Self:
        """Return shares that are neither revoked nor expired, of people who may still sign in and did not delete it."""
        not_over = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(not_over, living("conversation__"), revoked_at=None, owner__is_active=True)

    def with_token(self, token: str) -> Self:
        return self.filter(digest=token_digest(token))


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """Return what a link is found by: who reads the database alone can't open one."""
    return hashlib.sha256(token.encode()).hexdigest()


class Share(models.Model):
    """One link. Messages never change, so `leaf_id` and the title are the whole snapshot.

    The token is stored encrypted, so that its owner can copy the link again, and found by its digest.
    """

    class Audience(models.TextChoices):
        WORKSPACE = "workspace", _("people of this workspace")
        ANYONE = "anyone", _("anyone with the link")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="shares", verbose_name=_("conversation")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="shares", verbose_name=_("owner")
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    leaf_id = models.UUIDField(_("last message"))
    audience = models.CharField(
        _("readers"), max_length=9, choices=Audience.choices, default=Audience.WORKSPACE
    )
    shows_files = models.BooleanField(_("with files"), default=False)
    digest = models.CharField(max_length=64, unique=True)
    token = encrypted_text(_("link"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    renewed_at = models.DateTimeField(_("as of"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared conversation")
        verbose_name_plural = _("shared conversations")

    def __str__(self) -> str:
        return str(self.id)  # staff don't see titles

    @property
    def heading(self) -> str:
        """The title as readers see it."""
        return self.title or str(_("Conversation"))

    @property
    def is_over(self) -> bool:
        """Whether it is revoked or expired."""
        return self.revoked_at is not None or (
            self.expires_at is not None and self.expires_at <= timezone.now()
        )
