"""The language of a socket: the person's choice, the cookie, the browser, then the default."""

import pytest

from chat.live.language import language_of
from chat.models import User


@pytest.mark.parametrize(
    ("own", "cookie", "accepted", "wanted"),
    [
        ("ko", "django_language=en", "en", "ko"),
        ("", "django_language=ko", "en", "ko"),
        ("", "", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("", "django_language=xx", "xx,ko;q=0.5", "ko"),
        ("", "django_language=\x00;;=", "", "en"),
        ("tlh", "", "not a header at all;;;q=x", "en"),
        ("", "", "", "en"),
    ],
)
def test_socket_uses_the_persons_language(own: str, cookie: str, accepted: str, wanted: str) -> None:
    headers = [(b"cookie", cookie.encode("latin-1")), (b"accept-language", accepted.encode("latin-1"))]
    assert language_of({"headers": headers}, User(language=own)) == wanted


def test_socket_without_headers_uses_the_default_language() -> None:
    assert language_of({}, User()) == "en"
