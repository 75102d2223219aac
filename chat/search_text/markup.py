"""The signs of Markdown that stand within words and only format them.

Models set a Korean noun in bold and leave its particle as it is: `**핵심**은` is read, and looked for, as 핵심은.
"""

import re

_WITHIN_WORDS = re.compile(r"\*\*|~~|`")


def without_marks(text: str) -> str:
    """Return the text without the signs of bold and struck words and of code."""
    return _WITHIN_WORDS.sub("", text)
