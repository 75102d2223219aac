"""The page that people see without a connection, and the service worker that shows it.

The worker keeps this page and its files, and nothing else. It has no data of any person.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

STYLES = ("base/tokens.css", "base/base.css", "base/controls.css", "pages/plain.css")
SCRIPTS = ("apply_choices.js", "reload_online.js")
# The same files under addresses of their own, so that the worker stays out of the way of all other pages.
MARK = "?offline"
WORKER: Path = settings.BASE_DIR / "static" / "chat" / "classic" / "worker.js"


@require_safe
@never_cache
def offline(request: HttpRequest) -> HttpResponse:
    with translation.override(_language(request)):
        return render(request, "offline.html", _files())


@require_safe
@never_cache
def worker(request: HttpRequest) -> HttpResponse:
    """Return the script. It names its cache by all that the cache holds, so that a changed page replaces it at once."""
    language = _language(request)
    files = [address for addresses in _files().values() for address in addresses]
    with translation.override(language):
        page = render_to_string("offline.html", _files())
    kept = hashlib.sha256("\n".join([page, *files]).encode()).hexdigest()[:16]
    told = {
        "name": f"parley-offline-{kept}",
        "page": f"{resolve_url('offline')}?language={language}",
        "files": files,
    }
    text = f"self.OFFLINE = {json.dumps(told)};\n{_source()}"
    return HttpResponse(text, content_type="text/javascript; charset=utf-8")


def worker_address() -> str:
    """Return the script's address for the language that is active: another language is another worker."""
    return f"{resolve_url('worker')}?language={translation.get_language()}"


def _language(request: HttpRequest) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _files() -> dict[str, list[str]]:
    return {
        "styles": [static(f"chat/css/{name}") + MARK for name in STYLES],
        "scripts": [static(f"chat/classic/{name}") + MARK for name in SCRIPTS],
    }


@cache
def _source() -> str:
    return WORKER.read_text()
