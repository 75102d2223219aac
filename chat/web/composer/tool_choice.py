"""The tools of an assistant that a person may switch off beside the message field."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from chat import access
from chat.operations.conversations.tool_choice import tools_of
from chat.presentation.tool_names import tool_about, tool_title
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD")
def tool_choice(request: PersonRequest) -> HttpResponse:
    """Return a checkbox for each tool of `assistant`."""
    wanted = access.as_id(request.GET.get("assistant", ""))
    assistant = access.assistants(request.user).filter(id=wanted).first()
    if assistant is None:
        raise Http404
    tools = [
        {"id": tool.id, "title": tool_title(tool) or tool.name, "about": tool_about(tool)}
        for tool in tools_of(assistant)
    ]
    return render(request, "chat/composer/_tool_choice.html", {"tools": tools})
