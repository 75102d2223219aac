"""How typed words find a title: as they are, and in Korean also by initial consonants and by a syllable not yet whole.

ㄱㅎ finds 계획, and 하 at the end finds 한국, as 호 and 회 find 획. The browser's rule is the same
(static/chat/models/lists/command_match.js). Both sides are folded (`chat.search_text.fold`), which makes of a consonant
that stands alone the one that begins a syllable.
"""

import re

FIRST_INITIAL, LAST_INITIAL = 0x1100, 0x1112
FIRST, LAST = 0xAC00, 0xD7A3  # the first and the last syllable
BY_INITIAL, BY_VOWEL = 588, 28  # how many syllables share an initial; an initial and a vowel
GROWS = {8: 4, 13: 4, 18: 2}  # ㅗ ㅜ ㅡ become ㅘ ㅙ ㅚ, ㅝ ㅞ ㅟ, ㅢ while they are typed


def title_pattern(words: str) -> str | None:
    """Return a regular expression that finds folded words in a folded title, or None if a plain search finds the same.

    It consists of single characters and ranges alone, so its time grows with the title and not more.
    """
    parts = [_part(character, last=at == len(words) - 1) for at, character in enumerate(words)]
    pattern = "".join(parts)
    return None if pattern == re.escape(words) else pattern


def _part(character: str, *, last: bool) -> str:
    code = ord(character)
    if FIRST_INITIAL <= code <= LAST_INITIAL:
        first = FIRST + (code - FIRST_INITIAL) * BY_INITIAL
        return f"[{character}{chr(first)}-{chr(first + BY_INITIAL - 1)}]"
    if last and FIRST <= code <= LAST and (code - FIRST) % BY_VOWEL == 0:
        vowels = GROWS.get((code - FIRST) % BY_INITIAL // BY_VOWEL, 1)
        return f"[{character}-{chr(code + vowels * BY_VOWEL - 1)}]"
    return re.escape(character)
