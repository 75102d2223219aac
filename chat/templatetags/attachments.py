"""Files beside a message, and at the head of their own page."""

from typing import Any

from django import template
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.models import Attachment, Message
from chat.operations.request.attachments import in_order
from chat.presentation.figures import file_size
from chat.presentation.thread import Thread

register = template.Library()


@register.inclusion_tag("chat/message/_attachments.html")
def message_attachments(message: Message, thread: Thread) -> dict[str, Any]:
    """Show the files of a person's message in the order of its blocks."""
    files = list(in_order(message, thread.files))
    return {"message": message, "attachments": files, "files_address": thread.files_address}


@register.simple_tag
def attachment_about(attachment: Attachment) -> str:
    """Return a file's kind and size: PDF · 3 pages · 1.2 MB."""
    size = file_size(attachment.original.size_bytes)
    if attachment.kind == Attachment.Kind.IMAGE:
        picture = _("Image")
        return f"{picture} · {attachment.width} × {attachment.height} · {size}"
    if attachment.kind == Attachment.Kind.PDF:
        count = attachment.pages or 0
        pages = ngettext("%(pages)s page", "%(pages)s pages", count) % {"pages": count}
        return f"PDF · {pages} · {size}"
    return f"{capfirst(attachment.get_kind_display())} · {size}"
