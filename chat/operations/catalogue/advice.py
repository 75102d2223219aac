"""What staff can do about a failure of a connection; the chat has other texts for the same failures."""

from django.utils.translation import gettext as _

from chat.claude.failures.failure import Failure, FailureKind


def staff_advice(failure: Failure, model_id: str = "") -> str:
    """Return a sentence for staff; `model_id` is the model that was asked, if there was one."""
    status = _(" (HTTP %(status)d)") % {"status": failure.status} if failure.status else ""
    named = {"model": model_id or _("this model"), "host": failure.location, "reason": failure.message}
    return _advice(failure) % named + status


def _advice(failure: Failure) -> str:
    if failure.kind is FailureKind.REDIRECTED:
        if not failure.location:
            return _("The address answers with a redirect, which is not followed. Correct the base URL.")
        return _(
            "The address answers with a redirect to %(host)s, which is not followed. If that is the right "
            "address, enter it as the base URL."
        )
    other = _("The response is not from a Messages API. Check the base URL.")
    return _of_the_address(failure.kind) or _of_the_account(failure.kind) or other


def _of_the_address(kind: FailureKind) -> str:
    return {
        FailureKind.TIMEOUT: _("The provider did not answer in time. Check the address."),
        FailureKind.CONNECTION: _("Could not connect to this address. Check the base URL."),
        FailureKind.PROXY: _(
            "The proxy of this server could not be reached or could not connect to the address. Check "
            "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."
        ),
        FailureKind.CERTIFICATE: _(
            "The certificate of this address is not trusted (%(reason)s). For a private authority, set "
            "SSL_CERT_FILE to its certificate."
        ),
        FailureKind.WRONG_ADDRESS: _(
            "There is no Messages API at this address. The base URL looks wrong: enter the address without "
            "/v1/messages."
        ),
        FailureKind.WEB_PAGE: _(
            "A web page answered instead of the model. Check the base URL, and whether the network asks for "
            "a sign-in."
        ),
        FailureKind.NOT_FOUND: _(
            "The address answers but does not know %(model)s. Check the base URL and the model id."
        ),
    }.get(kind, "")


def _of_the_account(kind: FailureKind) -> str:
    return {
        FailureKind.AUTHENTICATION: _("The provider rejected the key. Check the credential."),
        FailureKind.PERMISSION: _("The key is valid, but it has no access to %(model)s."),
        FailureKind.BILLING: _("The provider reports a billing problem with this account."),
        FailureKind.SPEND_LIMIT: _("The spending limit of this account is reached."),
        FailureKind.RATE_LIMITED: _(
            "The provider is limiting this account right now. Try again in a moment."
        ),
        FailureKind.OVERLOADED: _("The provider is overloaded right now. Try again in a moment."),
        FailureKind.UNAVAILABLE: _("The provider has a problem right now. Try again later."),
        FailureKind.INVALID_REQUEST: _("The provider rejected the request for %(model)s."),
    }.get(kind, "")
