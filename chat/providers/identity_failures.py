"""Failures before a request is sent: a token that is refused, or keys that are not found."""

import sys
from collections.abc import Iterator

from chat.claude.failures.failure import Failure, FailureKind, failure

# By library and class; base classes come last. Messages of these errors may quote the token endpoint's response.
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
_NO_KEYS = "Could not resolve AWS credentials"  # the SDK raises a plain RuntimeError


def read_identity_failure(error: Exception) -> Failure | None:
    """Return the failure if the error is one of signing in. In that case nothing was sent to the upstream."""
    for module, name, kind in _KINDS:
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and any(isinstance(link, known) for link in _causes(error)):
            busy = _is_busy(getattr(error, "status_code", None))
            return failure(FailureKind.UNAVAILABLE if busy else kind, f"no identity: {type(error).__name__}")
    if isinstance(error, RuntimeError) and str(error).startswith(_NO_KEYS):
        return failure(FailureKind.AUTHENTICATION, "no identity: no AWS credentials")
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes: some libraries report a refusal when they could not connect at all."""
    while error is not None:
        yield error
        error = error.__cause__


def _is_busy(status: object) -> bool:
    return isinstance(status, int) and (status == 429 or status >= 500)
