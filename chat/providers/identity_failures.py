"""Failures of what happens before a request leaves: a token that is not given out, keys that can't be found."""

import sys
from collections.abc import Iterator

from chat.claude.failures import Failure, FailureKind, failure

# By library and class; base classes of these libraries come last. Their texts may repeat what a token endpoint said.
_KINDS = (
    ("google.auth.exceptions", "TransportError", FailureKind.CONNECTION),
    ("google.auth.exceptions", "GoogleAuthError", FailureKind.AUTHENTICATION),
    ("botocore.exceptions", "HTTPClientError", FailureKind.CONNECTION),
    ("botocore.exceptions", "ConnectionError", FailureKind.CONNECTION),
    ("botocore.exceptions", "BotoCoreError", FailureKind.AUTHENTICATION),
    ("botocore.exceptions", "ClientError", FailureKind.AUTHENTICATION),
    ("azure.core.exceptions", "ServiceRequestError", FailureKind.CONNECTION),
    ("azure.core.exceptions", "ServiceResponseError", FailureKind.CONNECTION),
    ("msal.exceptions", "MsalServiceError", FailureKind.UNAVAILABLE),  # raised for statuses from 500 on
    ("azure.core.exceptions", "AzureError", FailureKind.AUTHENTICATION),
    ("anthropic", "CredentialsError", FailureKind.AUTHENTICATION),
)
_NO_KEYS = "Could not resolve AWS credentials"  # a plain RuntimeError of the SDK's


def read_identity_failure(error: Exception) -> Failure | None:
    """Return the failure if this is one of signing in; nothing was sent to the upstream then."""
    for module, name, kind in _KINDS:
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and any(isinstance(link, known) for link in _causes(error)):
            busy = _is_busy(getattr(error, "status_code", None))
            return failure(FailureKind.UNAVAILABLE if busy else kind, f"no identity: {type(error).__name__}")
    if isinstance(error, RuntimeError) and str(error).startswith(_NO_KEYS):
        return failure(FailureKind.AUTHENTICATION, "no identity: no AWS credentials")
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Some libraries call it a refusal, too, when they could not ask: then the reason stands behind it."""
    while error is not None:
        yield error
        error = error.__cause__


def _is_busy(status: object) -> bool:
    return isinstance(status, int) and (status == 429 or status >= 500)
