"""Reads the .env file: one NAME=value a line, strictly and without interpreting any value.

Nothing in a value is expanded or unescaped. A line that can't be read ends the start with the file and the number of
the line. The line itself is never repeated, because it may hold a secret.
"""

import codecs
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# A file with one of these marks at its beginning says its own encoding; PowerShell's `>` writes UTF-16.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LINE_END = re.compile(r"\r\n|\n|\r")
_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# A comment behind a value begins with a blank and a number sign: a number sign inside of a value stays.
_COMMENT = re.compile(r"[ \t]+#.*")


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a file, the last value of each name; none if there is no file.

    Raises:
        ImproperlyConfigured: the file or one of its lines can't be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ImproperlyConfigured(f"{path} can't be read: {error.strerror}.") from None
    found = {}
    for number, line in enumerate(_LINE_END.split(_decoded(path, content)), start=1):
        try:
            variable = parse_line(line)
        except ValueError as error:
            raise ImproperlyConfigured(f"{path}, line {number}: {error}") from None
        if variable is not None:
            found[variable[0]] = variable[1]
    return found


def parse_line(line: str) -> tuple[str, str] | None:
    """Return the name and the value of a line; None for an empty line or a comment.

    Raises:
        ValueError: the line is neither; the message does not repeat it.
    """
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    if _CONTROL.search(text):
        raise ValueError("there is a control character. Save the file as plain UTF-8 text.")
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError("write NAME=value, with a name of letters, digits and underscores.")
    return match[1], _value(match[2])


def _value(raw: str) -> str:
    text = raw.strip()
    if text[:1] in {"'", '"'}:
        inside, end, behind = text[1:].partition(text[0])
        if not end:
            raise ValueError("the closing quotation mark is missing.")
        if behind.strip() and not _COMMENT.fullmatch(behind):
            raise ValueError(
                "something follows the closing quotation mark. Nothing is escaped between quotation marks; "
                "a value that contains them is written between the other kind, or without."
            )
        return inside
    # The comment is looked for in the raw text: in `NAME= # nothing` it follows the equals sign.
    return _COMMENT.sub("", raw).strip()


def _decoded(path: Path, content: bytes) -> str:
    encoding = "utf-8"
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise ImproperlyConfigured(f"{path}, line 1: the file is UTF-32. Save it as UTF-8.")
    for mark, name in _MARKS:
        if content.startswith(mark):
            content, encoding = content.removeprefix(mark), name
            break
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.split(content[: error.start].decode(encoding, errors="replace")))
        raise ImproperlyConfigured(
            f"{path}, line {line}: the file is not {encoding.upper()}. Save it as UTF-8."
        ) from None
