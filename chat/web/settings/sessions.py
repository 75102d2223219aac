"""The page that lists where a person is signed in, and ends those sessions."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from chat.operations.accounts.sessions import end_other_sessions, end_session, living_sessions
from chat.presentation.client_names import client_name, short_address
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD", "POST")
def sessions(request: PersonRequest) -> HttpResponse:
    """Show the sessions; POST ends `session`, or without it all but this one."""
    current = request.session.session_key
    if request.method == "POST":
        if chosen := request.POST.get("session", ""):
            end_session(user=request.user, session_id=chosen, current_key=current)
        else:
            end_other_sessions(user=request.user, current_key=current)
        messages.success(request, _("Signed out there."))
        return redirect("sessions")
    rows = [
        {
            "id": one.pk,
            "name": client_name(one.user_agent),
            "address": short_address(one.ip),
            "last_used_at": one.last_seen_at,
            "is_current": one.session_key == current,
        }
        for one in living_sessions(request.user, current_key=current)
    ]
    return render(request, "account/sessions.html", {"sessions": rows})
