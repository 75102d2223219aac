"""The addresses under /api/v1/. One wrapper for all views adds limits, problem responses and no-store."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from chat.api import (
    attachments,
    catalogue,
    conversations,
    counting,
    docs,
    extract,
    feedback,
    imports,
    memory,
    problems,
    projects,
    search,
    shares,
    tool_calls,
    turns,
)
from chat.api.body import JSONParser, read_body
from chat.api.identity import Key, Session
from chat.claude.encoding.exact_numbers import write_json

app_name = "api"
View = Callable[..., Any]


class Renderer(JSONRenderer):
    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:
        return write_json(data, cls=self.encoder_class, ensure_ascii=False)


class ParleyAPI(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)


api = ParleyAPI(
    title="Parley",
    version="1",
    description="Conversations with models: what the browser can do, for programs. See docs/api.md.",
    openapi_url=None,
    docs_url=None,
    auth=[Key(), Session()],
    parser=JSONParser(),
    renderer=Renderer(),
    urls_namespace="api",
)
problems.register(api)
for router in (
    conversations.router,
    turns.router,
    tool_calls.router,
    attachments.router,
    projects.router,
    extract.router,
    imports.router,
    shares.router,
    counting.router,
    catalogue.router,
    feedback.router,
    memory.router,
    search.router,
):
    api.add_router("", router)


# Accept forms with files instead of JSON, within the limits of chat/web/server/body_limit.py.
UPLOADS = frozenset({"attachments", "imports", "projects/<project_id>/files"})


def door(view: View, *, refuse: Callable[[HttpRequest], HttpResponseBase | None] | None = None) -> View:
    """Return a wrapped view of the API, synchronous or asynchronous. `refuse` checks the body first."""
    refused = refuse or _refused

    @wraps(view)
    def answer(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        response = refused(request) or view(request, **parts)
        return _finished(response)

    @wraps(view)
    async def answer_async(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        response = refused(request) or await view(request, **parts)
        return _finished(response)

    # The API checks the CSRF token itself, for sessions only: Django's error page would not be problem+json.
    return csrf_exempt(answer_async if iscoroutinefunction(view) else answer)


def _refused(request: HttpRequest) -> HttpResponseBase | None:
    try:
        read_body(request)
    except problems.Problem as problem:
        return problem.response()
    return None


def _finished(response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code == 405 and response.get("Content-Type") != problems.MEDIA_TYPE:
        response = problems.method_not_allowed(", ".join(sorted(response["Allow"].split(", "))))
    response["Cache-Control"] = "no-store"
    return response


def _behind_door(pattern: URLPattern) -> URLPattern:
    refuse = attachments.refused_upload if str(pattern.pattern) in UPLOADS else _refused
    return URLPattern(
        pattern.pattern, door(pattern.callback, refuse=refuse), pattern.default_args, pattern.name
    )


urlpatterns = [
    path("openapi.json", door(require_safe(partial(docs.openapi_json, api=api))), name="openapi"),
    path("docs", docs.docs_page, name="docs"),
    *(
        _behind_door(pattern)
        for pattern in api.urls[0]
        if isinstance(pattern, URLPattern) and pattern.name != "api-root"
    ),
    re_path("", door(problems.unknown_address), name="unknown"),
]
