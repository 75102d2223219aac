"""The page on which a person imports conversations, and the progress of an import."""

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from chat import access
from chat.models import Import
from chat.operations.errors import OperationError
from chat.operations.imports.begin import begin_import, refusal_text
from chat.presentation.import_report import left_out_rows, taken_lines
from chat.web.page import PersonRequest, person_page

SHOWN = 5


@person_page("GET", "HEAD", "POST")
def imports(request: PersonRequest) -> HttpResponse:
    """Show the form and the newest imports; POST begins one with the uploaded `file`."""
    error, status = "", 200
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise OperationError("empty", _("Choose a file first."), status=422)
            begin_import(owner=request.user, name=file.name, file=file)
        except OperationError as refused:
            error, status = refused.message, refused.status
        else:
            if not _is_script(request):
                return redirect("imports")
    rows = Import.objects.of(request.user).order_by("-created_at", "-id")[:SHOWN]
    context = {
        "imports": [_context(row) for row in rows],
        "error": error,
        "largest_mb": settings.IMPORT_MAX_MB,
    }
    page = "account/_imports.html" if _is_script(request) else "account/imports.html"
    return render(request, page, context, status=status)


@person_page("GET", "HEAD")
def import_progress(request: PersonRequest, import_id: uuid.UUID) -> HttpResponse:
    """Return one import as it stands now; the page asks again until it is finished."""
    found = access.find_import(request.user, import_id)
    if found is None:
        raise Http404
    return render(request, "account/_import.html", {"one": _context(found)})


def _is_script(request: PersonRequest) -> bool:
    return bool(request.htmx)


def _context(row: Import) -> dict[str, Any]:
    return {
        "row": row,
        "taken": taken_lines(row.taken),
        "left_out": left_out_rows(row),
        "error": refusal_text(row.error_code) if row.error_code else "",
    }
