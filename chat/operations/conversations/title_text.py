"""The words of a title: the beginning of a text, or what a model answered when it was asked for one.

Titles are shown as they are, so the signs of Markdown that models and people write around words are taken off.
"""

import json
import re

from chat.claude.encoding.text import clean_text

LONGEST_TITLE = 80
LONGEST_TITLE_WORDS = 10
# As much of a text as can matter for its title.
_BEGINNING = 1000
# Bold, struck or code, from the beginning of a word on: `2**10` and `**kwargs` stay.
_FORMATTED = re.compile(r"(?<![\w`])(\*\*|~~|`++)(?=\S)(.+?)(?<=\S)\1(?!`)")
# The end of bold words whose beginning a model left out.
_BOLD_END = re.compile(r"(?<=\w)\*\*(?!\w)")
# Models that think in their text, and servers that do not keep thoughts apart.
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```\w*")
_AROUND = "\"'“”«»「」#* "
_LABEL = re.compile(
    r"(?:title|titel|titre|título|titolo|제목|タイトル|标题|標題)\s*[:\uff1a]\s*", re.IGNORECASE
)


def first_words(text: str) -> str:
    """Return the beginning of a text as a provisional title, at most LONGEST_TITLE characters."""
    line = plain_line(text)
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def plain_line(text: str) -> str:
    """Return the beginning of a text on one line, without the signs of bold and struck words and of code."""
    return _without_signs(" ".join(text.lstrip()[:_BEGINNING].split()))


def title_from_answer(text: str) -> str:
    """Return the title in a model's answer; "" if there is none.

    Models answer with a label, in Markdown or as JSON, and small ones sometimes with an answer to the conversation. A
    text too long for a title is taken for such an answer.
    """
    answer = _FENCE.sub("", _THOUGHT.sub("", text)).strip()
    told = _title_in_json(answer) if answer.startswith("{") else answer
    line = _BOLD_END.sub("", plain_line(clean_text(told))).strip(_AROUND)
    title = _LABEL.sub("", line, count=1) if _LABEL.match(line) else line
    title = title.strip(_AROUND).rstrip(".")
    return title if len(title) <= LONGEST_TITLE and len(title.split()) <= LONGEST_TITLE_WORDS else ""


def _without_signs(line: str) -> str:
    return _FORMATTED.sub(lambda found: found[2] if found[1][0] == "`" else _without_signs(found[2]), line)


def _title_in_json(answer: str) -> str:
    try:
        title = json.loads(answer[:_BEGINNING]).get("title")
    except ValueError:
        return ""
    return title if isinstance(title, str) else ""
