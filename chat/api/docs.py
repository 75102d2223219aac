"""The OpenAPI document and its page, for signed-in people and API keys.

The document contains no secrets, but it is not public.
The page is Swagger UI from our own static files, under the same content security policy as every page: nothing
is loaded from other origins (the validator badge is off).
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError

from chat.api import problems
from chat.api.identity import identify
from chat.api.schemas import outputs

PROBLEM = {
    "description": "A problem: see `code`.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def openapi_json(request: HttpRequest, api: NinjaAPI) -> HttpResponse:
    """Return the OpenAPI document."""
    try:
        if identify(request) is None:
            raise AuthenticationError
    except (AuthenticationError, problems.Problem) as error:
        return api.on_exception(request, error)
    return JsonResponse(described(api))


@never_cache
@require_safe
@login_required
def docs_page(request: HttpRequest) -> HttpResponse:
    """Return the page. "Try it out" uses the person's session with its CSRF token."""
    settings = {
        "url": reverse("api:openapi"),
        "layout": "BaseLayout",
        "deepLinking": True,
        "validatorUrl": None,
        "docExpansion": "list",
    }
    return render(request, "chat/api_docs.html", {"swagger_settings": settings})


def described(api: NinjaAPI) -> dict[str, Any]:
    """Return the document with the problem responses of all operations."""
    document: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    document["components"]["schemas"]["Problem"] = outputs.ProblemOut.model_json_schema()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = PROBLEM
    return document
