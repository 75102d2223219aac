"""Authentication: a Parley API key, or the browser's session with its CSRF token. No other header is accepted."""

import dataclasses
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.security.base import AuthBase
from structlog.contextvars import bind_contextvars

from chat import access
from chat.api.problems import Problem
from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import authenticate

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclasses.dataclass(frozen=True, slots=True)
class ApiIdentity:
    """A person and the API key or session of the request."""

    user: User
    api_key: ApiKey | None = None
    session_key: str | None = None

    def still_holds(self) -> bool:
        """Return whether this identity is still valid: the key or the session has not ended (1–2 queries)."""
        if self.api_key is not None:
            return ApiKey.objects.live().filter(id=self.api_key.id).exists()
        probe = HttpRequest()
        probe.session = import_module(settings.SESSION_ENGINE).SessionStore(self.session_key)
        return bool(get_user(probe).pk == self.user.pk)

    def rights(self) -> access.Rights:
        """Return the groups and roles that the person has now (2 queries)."""
        return access.rights(User.objects.in_bulk([self.user.pk])).get(self.user.pk, access.NO_RIGHTS)


class Key(AuthBase):
    """`Authorization: Bearer <Parley key>`. A wrong key is refused even with a valid session."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> ApiIdentity | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = authenticate(secret.strip())
        if key is None:
            raise AuthenticationError
        scope = ApiKey.Scope.READ if request.method in SAFE else ApiKey.Scope.CHAT
        if not key.allows(scope):
            raise Problem(
                403,
                "missing_scope",
                _("This key lacks the scope “%(scope)s”.") % {"scope": scope.value},
                {
                    "WWW-Authenticate": f'Bearer realm="Parley", error="insufficient_scope", scope="{scope.value}"'
                },
            )
        return _add_to_log(request, ApiIdentity(key.user, api_key=key))


class _CsrfCheck(CsrfViewMiddleware):
    """Django's CSRF check, used for its result without its error page."""

    def refuses(self, request: HttpRequest) -> bool:
        request.csrf_processing_done = False  # type: ignore[attr-defined]
        self.process_request(request)
        return self.process_view(request, HttpResponse, (), {}) is not None

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(status=403)


class Session(AuthBase):
    """The browser's session. Unsafe methods need its CSRF token as X-CSRFToken."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    csrf = True

    def __call__(self, request: HttpRequest) -> ApiIdentity | None:
        if not isinstance(request.user, User) or not request.user.is_active:
            return None
        if _CsrfCheck(HttpResponse).refuses(request):
            raise Problem(403, "csrf", _("The CSRF token is missing or wrong. Send it as X-CSRFToken."))
        return _add_to_log(request, ApiIdentity(request.user, session_key=request.session.session_key))


def identity_of(request: HttpRequest) -> ApiIdentity:
    """Return the identity inside an operation, where authentication has already run."""
    identity: ApiIdentity = request.auth  # type: ignore[attr-defined]
    return identity


def identify(request: HttpRequest) -> ApiIdentity | None:
    """Return the identity outside the API's operations; None if the request has neither key nor session.

    Raises:
        AuthenticationError: the key is not valid.
        Problem: the key lacks the scope, or the session's CSRF token is missing.
    """
    return Key()(request) or Session()(request)


def _add_to_log(request: HttpRequest, identity: ApiIdentity) -> ApiIdentity:
    """Add the person to the log line."""
    request.api_user = identity.user  # type: ignore[attr-defined]
    if identity.api_key is not None:
        bind_contextvars(api_key=str(identity.api_key.id))
    return identity
