"""Makes the text of a failure safe to log and to store: cut before any expression sees it, without credentials.

Upstreams choose these texts, and gateways repeat what people typed. The limits keep the time of every expression
bounded, whatever the size of the text.
"""

import re

BODY_LIMIT = 16_384
TEXT_LIMIT = 4_000
MESSAGE_LIMIT = 500
SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place

_SECRETS = re.compile(
    r"\bsk-[\w-]{6,4000}|\b(?:AKIA|ASIA)[A-Z0-9]{12,4000}"
    # Possessive: a token without its dots fails at once instead of giving back one character at a time.
    r"|\beyJ[\w-]{1,4000}+\.[\w-]{1,4000}+\.[\w-]{0,4000}"
    r"|\b(?:bearer|basic)\s{1,50}[\w+/=.~-]{6,4000}"
    r"|\b(?:x-)?api[-_]?key[\"']?\s{0,50}[:=]\s{0,50}[\"']?[^\s\"',}]{1,4000}",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<(style|script)\b.{0,4000}?</\1\s{0,50}>|<[^>]{0,4000}>", re.DOTALL | re.IGNORECASE)


def safe_message(text: str) -> str:
    """Return the text with credentials replaced, white space joined, and at most `MESSAGE_LIMIT` characters."""
    cleaned = _SECRETS.sub(SECRET, cut_text(text).replace("\x00", "\ufffd"))
    line = " ".join(cleaned.split())
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


def cut_text(text: str) -> str:
    """Return at most `TEXT_LIMIT` characters, without a word that the cut would halve: it may be a credential."""
    if len(text) <= TEXT_LIMIT:
        return text
    kept = text[:TEXT_LIMIT]
    whole = kept.rsplit(None, 1)[0]
    return whole if len(whole) < len(kept) and not text[TEXT_LIMIT].isspace() else kept


def without_markup(page: str) -> str:
    """Return the text of the beginning of a web page."""
    return _MARKUP.sub(" ", page[:TEXT_LIMIT])
