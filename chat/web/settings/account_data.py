"""The page of a person's data: taking all of it along, and deleting the account."""

import uuid

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.models import AccountExport
from chat.operations.account_data.deletion import GRACE, close_account, is_last_superuser
from chat.operations.account_data.export import begin_account_export, export_size, open_export
from chat.operations.errors import OperationError
from chat.presentation.file_download import FileResponse
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD", "POST")
def account_data(request: PersonRequest) -> HttpResponse:
    """Show the newest export; POST begins one."""
    if request.method == "POST":
        begin_account_export(user=request.user)
        return redirect("account_data")
    newest = AccountExport.objects.filter(user=request.user).order_by("-created_at", "-id").first()
    living = newest is not None and AccountExport.objects.living().filter(pk=newest.pk).exists()
    context = {"export": newest, "living": living, "days": GRACE.days}
    response = render(request, "settings/data.html", context)
    if newest is not None and living and newest.status != AccountExport.Status.DONE:
        response["Refresh"] = "5"  # until it is written; the page needs no script for it
    return response


@person_page("GET", "HEAD")
def export_file(request: PersonRequest, export_id: uuid.UUID) -> HttpResponseBase:
    export = AccountExport.objects.living().filter(user=request.user, pk=export_id, status="done").first()
    if export is None:
        raise Http404
    try:
        size_bytes = export_size(export)
    except OSError as error:
        raise Http404 from error
    response = FileResponse(lambda: open_export(export), size_bytes, content_type="application/zip")
    day = timezone.localdate(export.created_at).isoformat()
    response["Content-Disposition"] = f'attachment; filename="parley-account-{day}.zip"'
    return response


@person_page("GET", "HEAD", "POST")
@reauthentication_required
def delete_account(request: PersonRequest) -> HttpResponse:
    """Close the account, when the person has confirmed the password and typed the address."""
    context = {"days": GRACE.days, "last": is_last_superuser(request.user)}
    if request.method != "POST":
        return render(request, "settings/delete_account.html", context)
    typed = request.POST.get("email", "")
    if typed.strip().casefold() != request.user.email.casefold():
        error = _("This is not the address of your account.")
        return render(
            request, "settings/delete_account.html", {**context, "typed": typed, "error": error}, status=422
        )
    try:
        deleted_at = close_account(user=request.user)
    except OperationError as error:
        return render(
            request, "settings/delete_account.html", {**context, "error": error.message}, status=422
        )
    logout(request)
    words = _("Your account is closed. Until %(day)s an administrator can bring it back; then it is deleted.")
    messages.success(request, words % {"day": date_format(timezone.localtime(deleted_at), "DATE_FORMAT")})
    return redirect("account_login")
