"""Files that people attach. Bytes are kept once per content; an attachment is one person's use of them."""

import datetime as dt
from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import User
from chat.models.fields import uuid7
from chat.models.ids import MessageId
from chat.models.transcript.conversations import Message


class StoredFile(models.Model):
    """Bytes named by their SHA-256; stored once however many people attach them."""

    digest = models.CharField(_("digest"), max_length=64, primary_key=True)
    path = models.CharField(_("path in the storage"), max_length=200)
    media_type = models.CharField(_("media type"), max_length=100)
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")

    def __str__(self) -> str:
        return self.digest[:12]


class FileUsage(models.Model):
    """How many bytes of uploads a person has stored, and has uploaded today: one row, so that no query counts them.

    The same bytes count once for a person, under however many names; other people's uploads of them don't count.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="file_usage"
    )
    total_bytes = models.PositiveBigIntegerField(default=0)
    day = models.DateField(null=True, blank=True)
    day_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.total_bytes}"

    def uploaded_on(self, day: dt.date) -> int:
        """Return the bytes that were uploaded on a day, which is today."""
        return self.day_bytes if self.day == day else 0


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def of(self, user: User) -> Self:
        return self.filter(owner=user)

    def unlinked(self) -> Self:
        """Return the attachments that neither a message nor a project has."""
        return self.filter(messages=None, project_documents=None)

    def counted(self) -> Self:
        """Return those that count as stored: not those that only deleted conversations hold.

        Uploaded again after that, one counts: it will be sent in another conversation.
        """
        kept = Q(message__conversation__deleted_at=None) | Q(
            message__conversation__deleted_at__lt=OuterRef("created_at")
        )
        links = self.model.messages.through.objects.filter(kept, attachment=OuterRef("pk"))
        return self.filter(Q(messages=None) | Q(project_documents__isnull=False) | Exists(links)).distinct()

    def by_message(self, message_ids: Iterable[MessageId]) -> "dict[MessageId, dict[str, Attachment]]":
        """Map messages to their attachments by id, for those that have any, in one query."""
        wanted = list(message_ids)
        found: dict[MessageId, dict[str, Attachment]] = {}
        if not wanted:
            return found
        links = self.model.messages.through.objects.filter(message_id__in=wanted)
        for link in links.select_related("attachment__original", "attachment__sent"):
            found.setdefault(link.message_id, {})[str(link.attachment_id)] = link.attachment
        return found


class Attachment(models.Model):
    """A file as one person attached it: its name, the upload, what models get of it, and its picture.

    `original` is downloaded; `sent` is what a request carries (a scaled picture without metadata, the PDF itself);
    `text` is sent for kinds that become text documents.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", _("image")
        PDF = "pdf", _("PDF")
        TEXT = "text", _("text")
        OFFICE = "office", _("office document")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="attachments", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=255)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    original = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("upload"))
    sent = models.ForeignKey(
        StoredFile,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("version for the model"),
    )
    thumbnail = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("thumbnail")
    )
    text = models.TextField(_("text"), blank=True, default="")
    width = models.PositiveIntegerField(_("width (pixels)"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height (pixels)"), null=True, blank=True)
    pages = models.PositiveIntegerField(_("pages"), null=True, blank=True)
    messages = models.ManyToManyField(
        Message, blank=True, related_name="attachments", verbose_name=_("messages")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            # The same upload again, under the same name, is the same attachment.
            models.UniqueConstraint(fields=["owner", "original", "name"], name="attachment_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def renew(self) -> None:
        """Count as uploaded now."""
        self.created_at = timezone.now()
        self.save(update_fields=["created_at"])
