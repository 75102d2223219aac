"""Attachments: uploading files, reading their state, and reusing an uploaded file."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from chat import access
from chat.api.identity import identity_of
from chat.api.problems import problem
from chat.api.schemas import inputs, outputs, shapes
from chat.operations.errors import not_found
from chat.operations.files import uploads

router = Router(tags=["attachments"])


@router.post("/attachments", response={201: outputs.AttachmentOut})
def upload_attachment(request: HttpRequest, file: File[UploadedFile]) -> Status[outputs.AttachmentOut]:
    """Upload one file as multipart/form-data, in the field `file`. The same file gives the same attachment."""
    owner = identity_of(request).user
    with uploads.place_for(owner):  # until then the file is on disk
        made = uploads.store_upload(owner=owner, name=file.name, data=file.read())
    return Status(201, shapes.attachment(made))


@router.post("/attachments/reuse", response={200: outputs.AttachmentOut, 204: None})
def reuse_attachment(request: HttpRequest, data: inputs.Reuse) -> Status[Any]:
    """Reuse a file that you uploaded before, without sending its bytes; 204 if there is none."""
    known = uploads.reuse_upload(owner=identity_of(request).user, name=data.name, digest=data.sha256)
    return Status(204, None) if known is None else Status(200, shapes.attachment(known))


@router.get("/attachments/{attachment_id}", response=outputs.AttachmentOut)
def read_attachment(request: HttpRequest, attachment_id: str) -> outputs.AttachmentOut:
    """Read one of your files."""
    found = access.find_attachment(identity_of(request).user, attachment_id)
    if found is None:
        raise not_found()
    return shapes.attachment(found)


def refused_upload(request: HttpRequest) -> HttpResponse | None:
    """Return a response that refuses the request before its body is parsed, or None if it is an upload.

    Under ASGI the body is already on disk; its size was limited as for every request.
    """
    if request.method != "POST":
        return None
    if request.content_type != "multipart/form-data":
        return problem(415, "not_a_form", _("Send the file as “multipart/form-data”, in the field “file”."))
    if not request.META.get("CONTENT_LENGTH"):
        return problem(411, "length_required", _("Send the length of the body as “Content-Length”."))
    return None
