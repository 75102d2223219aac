"""The address at which people reach Parley, for links that leave in mail."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port


def public_origin(request: HttpRequest) -> str:
    """Return PUBLIC_URL, or without it the request's host, checked against ALLOWED_HOSTS, with an expected port.

    A Host header names any port that its sender likes, and a link in a mail to another person would lead there.
    """
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    scheme = "https" if settings.HTTPS or request.is_secure() else "http"
    host, port = split_domain_port(request.get_host())
    if not port or f"{scheme}://{host}:{port}" in settings.CSRF_TRUSTED_ORIGINS:
        return f"{scheme}://{host}{port and f':{port}'}"
    return f"{scheme}://{host}" if scheme == "https" else f"{scheme}://{host}:{settings.PORT}"


def moved_to(url: str, origin: str) -> str:
    """Return a URL with its scheme and host replaced by those of `origin`."""
    scheme, netloc = urlsplit(origin)[:2]
    return urlsplit(url)._replace(scheme=scheme, netloc=netloc).geturl()
