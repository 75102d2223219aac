"""Replaces a connection's own secrets in texts that its upstream chose.

Gateways repeat the key that they refuse, whole or in part, and their keys have no form by which they could be
recognised. So each run of characters that also stands in a secret is replaced, from six characters on.
"""

import dataclasses
import re
from collections import deque
from collections.abc import Iterable

from chat.claude.failures.failure import CallFailed, Failure
from chat.claude.failures.safe_text import SECRET

PART_LENGTH = 6
# Tokens of identities are renewed every hour; streams that began with an earlier one may still fail.
TOKENS_KEPT = 4
SECRET_LIMIT = 16_384
_REPEATED = re.compile(rf"(?:{re.escape(SECRET)}){{2,}}")


class Redactor:
    """The secrets of one connection: its credential, and tokens that were sent with its requests.

    A secret that is shorter than a part is replaced only where it stands alone.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._fixed = _Secrets(secrets)
        self._tokens: deque[tuple[str, _Secrets]] = deque(maxlen=TOKENS_KEPT)

    def learn(self, token: str) -> None:
        """Add a token that was sent, in place of the oldest one."""
        if token and all(token != known for known, _ in self._tokens):
            self._tokens.append((token, _Secrets([token])))

    def clean(self, text: str) -> str:
        """Return the text with all secrets replaced."""
        for secrets in (self._fixed, *(found for _, found in self._tokens)):
            text = secrets.replace(text)
        return _REPEATED.sub(SECRET, text)

    def clean_failure(self, failure: Failure) -> Failure:
        """Return the failure with all secrets replaced in its texts."""
        return dataclasses.replace(
            failure,
            message=self.clean(failure.message),
            error_type=failure.error_type and self.clean(failure.error_type),
            error_code=failure.error_code and self.clean(failure.error_code),
            request_id=failure.request_id and self.clean(failure.request_id),
            location=self.clean(failure.location),
        )

    def clean_error(self, error: BaseException | None) -> None:
        """Replace all secrets in an error and in the errors that it came from, which a traceback would show."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if isinstance(error, CallFailed):
                error.failure = self.clean_failure(error.failure)
                error.args = (error.failure.message,)
            error = error.__cause__ or error.__context__


class _Secrets:
    """Texts to replace. Their parts are kept as all runs of six characters, so that the time is linear in a text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = [secret[:SECRET_LIMIT] for secret in secrets if secret]
        self._parts = {
            secret[at : at + PART_LENGTH] for secret in known for at in range(len(secret) - PART_LENGTH + 1)
        }
        short = sorted({secret for secret in known if len(secret) < PART_LENGTH}, key=len, reverse=True)
        alone = "|".join(map(re.escape, short))
        self._short = re.compile(rf"(?<!\w)(?:{alone})(?!\w)") if short else None

    def replace(self, text: str) -> str:
        if self._short is not None:
            text = self._short.sub(SECRET, text)
        kept, at, copied = [], 0, 0
        while self._parts and at <= len(text) - PART_LENGTH:
            if text[at : at + PART_LENGTH] not in self._parts:
                at += 1
                continue
            begins, end = at, at + PART_LENGTH
            while end < len(text) and text[end - PART_LENGTH + 1 : end + 1] in self._parts:
                end += 1
            kept += [text[copied:begins], SECRET]
            at = copied = end
        return "".join([*kept, text[copied:]]) if kept else text
