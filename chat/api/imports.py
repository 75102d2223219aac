"""Imports: uploading an export of another service or of Parley, and how far it was read."""

from django.http import HttpRequest
from ninja import File, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from chat import access
from chat.api.identity import identity_of
from chat.api.schemas import outputs, shapes
from chat.operations.errors import not_found
from chat.operations.imports.begin import begin_import

router = Router(tags=["imports"])


@router.post("/imports", response={202: outputs.ImportOut})
def start_import(request: HttpRequest, file: File[UploadedFile]) -> Status[outputs.ImportOut]:
    """Upload an export as multipart/form-data, in the field `file`: the ZIP as you got it, or one JSON file."""
    made = begin_import(owner=identity_of(request).user, name=file.name, file=file)
    return Status(202, shapes.import_progress(made))


@router.get("/imports/{import_id}", response=outputs.ImportOut)
def read_import(request: HttpRequest, import_id: str) -> outputs.ImportOut:
    """Read how far an import of yours is, what it took and what it left out."""
    found = access.find_import(identity_of(request).user, import_id)
    if found is None:
        raise not_found()
    return shapes.import_progress(found)
