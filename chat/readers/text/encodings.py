"""Decodes texts: UTF-8 first, then other encodings where there is no doubt. A doubtful text is refused.

chardet ranks the encodings of Windows and of the web. It always names one, so its answer counts only if the decoded
text is plausible and the next best answer is far behind: a person corrects a refusal, but not wrong letters.
"""

import codecs
import io
import re

from chat.readers.errors import Refused
from chat.readers.text.plausibility import is_enough, plausibility

# Korean, Chinese, Japanese; Central European, Cyrillic, Western, Greek, Turkish, Hebrew, Arabic, Baltic, Thai.
_ENCODINGS = ["cp949", "gb18030", "big5hkscs", "cp932", "euc-jp"]
_ENCODINGS += [
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp874",
    "koi8-r",
]
_MARKED = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# Codes of seven bits that switch between sets of characters; to other readers they look like ASCII.
_SWITCHING = {b"\x1b$)C": "iso2022_kr", b"\x1b$": "iso2022_jp_ext", b"\x1b(J": "iso2022_jp_ext"}
_END_OF_FILE = "\x1a"  # written by programs of DOS
_BLANKS = frozenset(b"\t\n\f\r\x1b")
_CONTROLS = bytes(code for code in range(32) if code not in _BLANKS)
# Logs hold bells, and separators of fields; a file of which more is control characters is no text.
_MOST_CONTROLS = 0.3
_SAMPLE_BYTES = 200_000
_LEAST_CONFIDENCE = 0.01
_CLOSEST = 0.6
# One broken sequence for so many whole ones makes UTF-8 that was cut or damaged, not another encoding.
_WHOLE_FOR_BROKEN = 4
_SEQUENCE = re.compile(r"[^\x00-\x7f\ufffd]")


def utf8_text(data: bytes) -> str | None:
    """Return the text of valid UTF-8, with or without a byte order mark; None for everything else."""
    if b"\0" in data or any(mark in data for mark in _SWITCHING) or _is_binary(data):
        return None
    try:
        return data.decode("utf-8-sig").rstrip(_END_OF_FILE)
    except UnicodeDecodeError:
        return None


def decode_text(data: bytes) -> tuple[None, list[bytes]]:
    """Return the text of a file in UTF-8.

    Raises:
        Refused: encoding, if the encoding can't be told for certain; binary, if it is no text.
    """
    text = _marked(data)
    if text is None:
        text = _unmarked_utf16(data) if b"\0" in data else utf8_text(data)
    if text is None and (b"\0" in data or _is_binary(data)):
        raise Refused("binary")
    if text is None:
        text = _damaged_utf8(data) or _detected(data)
    return None, [text.rstrip(_END_OF_FILE).encode("utf-8", "replace")]


def _is_binary(data: bytes) -> bool:
    return len(data) - len(data.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(data)


def _marked(data: bytes) -> str | None:
    """Return the text of a file whose bytes name its encoding."""
    encoding = next((name for mark, name in _MARKED.items() if data.startswith(mark)), None)
    switching = next((name for mark, name in _SWITCHING.items() if mark in data), None)
    try:
        if encoding is not None:
            return data.decode(encoding)
        if switching is not None and data.isascii():
            return data.decode(switching)
    except UnicodeDecodeError:
        raise Refused("binary" if switching is None else "encoding") from None
    return None


def _unmarked_utf16(data: bytes) -> str | None:
    """Return the text of UTF-16 without a byte order mark. The high bytes of blanks and Latin letters are zero."""
    first, second = data[::2].count(0), data[1::2].count(0)
    encoding = "utf-16-le" if second > first else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if plausibility(text, encoding) and not _is_binary(text.encode()) else None


def _damaged_utf8(data: bytes) -> str | None:
    """Return UTF-8 with its few broken bytes replaced by U+FFFD: a file that was cut, or damaged in one place."""
    text = data.decode("utf-8-sig", "replace")
    broken, whole = text.count("\ufffd"), len(_SEQUENCE.findall(text))
    likely = whole >= _WHOLE_FOR_BROKEN * broken and plausibility(text, "utf-8")
    return text if likely else None


def _detected(data: bytes) -> str:
    """Return the text in the one encoding that is plausible, far ahead of others that would give other letters."""
    from chardet import detect_all

    sample = _sample(data)
    ranked: dict[str, tuple[float, str]] = {}
    for answer in detect_all(sample, include_encodings=_ENCODINGS, prefer_superset=True):
        encoding = (answer["encoding"] or "ascii").lower()
        text = _decoded(sample, encoding)
        confidence = answer["confidence"] * plausibility(text, encoding) if text else 0.0
        if confidence:
            ranked[text] = max((confidence, encoding), ranked.get(text, (0.0, "")))
    best, *others = sorted(ranked, key=lambda text: ranked[text], reverse=True) or [""]
    confidence, encoding = ranked.get(best, (0.0, "ascii"))
    close = any(ranked[text][0] > _CLOSEST * confidence for text in others)
    enough = confidence >= _LEAST_CONFIDENCE and is_enough(best, encoding, rivals=bool(others))
    whole = "" if close or not enough else _decoded(data, encoding, mark_cut=True)
    if not whole:
        raise Refused("encoding")
    return whole


def _sample(data: bytes) -> bytes:
    """Return the first lines that are not ASCII: in a long log they may come late."""
    lines: list[bytes] = []
    size = 0
    for line in io.BytesIO(data):
        if size >= _SAMPLE_BYTES:
            break
        if not line.isascii():
            lines.append(line)
            size += len(line)
    return b"".join(lines)[:_SAMPLE_BYTES]


def _decoded(data: bytes, encoding: str, *, mark_cut: bool = False) -> str:
    """Return the text, without a character that is cut at the end (or with U+FFFD for it); "" if it is invalid."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError:
        return ""
    return text + "\ufffd" if mark_cut and decoder.getstate()[0] else text
