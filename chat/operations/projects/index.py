"""Puts the documents of projects into the search index, in a job: a long PDF takes minutes to read."""

import uuid
from collections.abc import Iterator

from django.db import transaction

from chat.models import Attachment, ProjectDocument, ProjectPassage
from chat.operations.files.page_texts import page_text
from chat.project_search.passages import passages
from chat.readers.errors import Busy

PORTION = 200


def index_documents() -> Iterator[int]:
    """Index what waits, oldest first; yield the passages of each document. Documents are left for later when busy."""
    waiting = ProjectDocument.objects.filter(indexed=False).order_by("id").values_list("id", flat=True)
    for document_id in list(waiting[:PORTION]):
        yield index_document(document_id)


def index_document(document_id: uuid.UUID) -> int:
    """Index a document, unless another process is doing it; return the number of its passages."""
    with transaction.atomic():
        waiting = ProjectDocument.objects.filter(id=document_id, indexed=False)
        found = waiting.select_for_update(skip_locked=True, of=("self",)).select_related(
            "attachment__original", "attachment__sent"
        )
        document = found.first()
        if document is None:
            return 0
        try:
            made = list(_passages(document))
        except Busy:
            return 0
        for at in range(0, len(made), PORTION):
            ProjectPassage.objects.add(document.project_id, made[at : at + PORTION])
        ProjectDocument.objects.filter(id=document_id).update(indexed=True)
    return len(made)


def _passages(document: ProjectDocument) -> Iterator[ProjectPassage]:
    for page, text in _texts(document.attachment):
        for start, end in passages(text):
            yield ProjectPassage(document=document, page=page, start=start, end=end, text=text[start:end])


def _texts(attachment: Attachment) -> Iterator[tuple[int | None, str]]:
    """Yield the texts of a document: of each page of a PDF with its number, else the whole one."""
    if attachment.kind != Attachment.Kind.PDF:
        yield None, attachment.text
        return
    for number in range(1, (attachment.pages or 0) + 1):
        try:
            yield number, page_text(attachment, number).text
        except OSError:  # the storage has lost the file; its page says so too
            return
