"""How plausible a decoded text is, by what no language does: letters of two alphabets in a word, signs inside words,
letters that no one language has together.
"""

import collections
import functools
import re
import unicodedata

from chat.readers.text.common_letters import COMMON_CHINESE, COMMON_KOREAN

_SAMPLE = 20_000
# The letters beside a–z of each language that a code page was made for.
_LANGUAGES = {
    "windows-1252": (
        "äöüß",
        "àâæçéèêëîïôœùûüÿ",
        "áéíóúüñ",
        "áâãàçéêíóôõúü",
        "àèéìíîòóùú",
        "àáéèêëïíöóüú",
        "åäöéáü",
        "æøåéèêóòôáü",
        "áðéíóúýþæö",
        "àçéèíïóòúü",
    ),
    "windows-1250": (
        "ąćęłńóśźż",
        "áčďéěíňóřšťúůýž",
        "áäčďéíĺľňóôŕšťúýž",
        "áéíóöőúüű",
        "ăâîşţ",
        "čćđšž",
        "çë",
    ),
    "windows-1254": ("çğıöşüâîû", "äöüß"),
    "windows-1257": ("ąčęėįšųūž", "āčēģīķļņšūžŗō", "äõöüšž"),
}
# Signs that stand between two letters in ordinary words.
_IN_WORDS = frozenset("'’·\xad")
# Found in no language of the other code pages, but in Western texts that are read in them: ñ before a vowel, à at the
# end of a word, è as a word, ¡.
_UNWRITTEN = re.compile(r"ń(?=[aeiouyáéíóúü])|ŕ\b|\b[^\W\d_a-zóőáéíöüįų]\b|[ˇ˘˙˛˝]", re.IGNORECASE)
_ASIAN = frozenset({"HANGUL", "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA"})
_ALPHABETS = frozenset({"CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI"})
_OTHERS = frozenset({"LATIN", "FEMININE", "MASCULINE", "MICRO", "MODIFIER"})
_WORD = re.compile(r"[^\W\d_]+")
_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f](?=[^\W\d_])")
# A sign of an Asian script alone inside a Latin word is two of its bytes. Some are particles, as in “A와B”.
_ALONE = re.compile(r"(?<=[A-Za-z])[^\x00-\u0fff](?=[A-Za-z])")
_LEAST_DISTINCT, _LEAST_LETTERS = 4, 12
_MOST_SIGNS = 0.2
_MOST_HANJA = 0.5
# Their codes have Greek and Cyrillic letters too, for units and formulas.
_MOST_FOREIGN = 0.2
_MOST_ALONE = 0.5
# The least share of frequent letters, in a text and in a few words.
_MOSTLY_KOREAN, _FEW_KOREAN = 0.6, 0.8
_MOSTLY_CHINESE, _FEW_CHINESE = 0.45, 0.65
_FEW = 12
# Signs that are written without letters around them, the same in most code pages.
_SIGNS = frozenset("€£°²³µ§–—‘’“”…•·«»©®™±¼½¾×")


def plausibility(text: str, encoding: str) -> float:
    """Return from 0 to 1 how plausible a text is that was decoded from an encoding, by Python's or chardet's name."""
    text = text[:_SAMPLE]
    letters = set(text) - set(map(chr, range(128)))
    if any(unicodedata.category(letter) in ("Cc", "Cn", "Co", "Cs") for letter in letters):
        return 0.0
    scripts = {_script(letter) for letter in letters if letter.isalpha()}
    if not scripts <= _ASIAN | _ALPHABETS | _OTHERS:
        return 0.0
    if scripts & _ASIAN:
        return float(_is_asian(text, encoding))
    if scripts & _ALPHABETS:
        return float(len(scripts & _ALPHABETS) == 1 and _is_alphabetic(text))
    return _latin(text, letters, encoding)


def is_enough(text: str, encoding: str, *, rivals: bool) -> bool:
    """Return whether a text is long enough to tell its encoding: two signs can be anything.

    `rivals`: there are other plausible texts. Against them, one Latin letter beside a–z is not enough.
    """
    signs = [sign for sign in text[:_SAMPLE] if ord(sign) > 127]
    letters = list(filter(str.isalpha, signs))
    scripts = {_script(letter) for letter in set(letters)}
    if scripts & _ALPHABETS:
        return len(letters) >= _LEAST_LETTERS
    if scripts & _ASIAN:
        return len(set(letters)) >= _LEAST_DISTINCT and _is_common(text[:_SAMPLE], encoding)
    return len(set(letters)) > int(rivals) or (not letters and set(signs) <= _SIGNS)


@functools.cache
def _script(letter: str) -> str:
    name = unicodedata.name(letter).removeprefix("HALFWIDTH ").removeprefix("FULLWIDTH ")
    return re.split("[ -]", name)[0]


def _is_asian(text: str, encoding: str) -> bool:
    by_script = collections.Counter(
        _script(letter) for letter in text if ord(letter) > 127 and letter.isalpha()
    )
    own, foreign = (sum(by_script[script] for script in scripts) for scripts in (_ASIAN, _ALPHABETS))
    if foreign > _MOST_FOREIGN * own or len(_ALONE.findall(text)) > _MOST_ALONE * own:
        return False
    if by_script["HANGUL"]:
        syllables = [letter for letter in text if "가" <= letter <= "힣"]
        few_hanja = by_script["CJK"] <= _MOST_HANJA * by_script["HANGUL"]
        return few_hanja and (
            len(syllables) < _FEW or _common_share(syllables, COMMON_KOREAN) >= _MOSTLY_KOREAN
        )
    hanzi = [letter for letter in text if _is_hanzi(letter)] if encoding == "gb18030" else []
    return len(hanzi) < _FEW or _common_share(hanzi, COMMON_CHINESE) >= _MOSTLY_CHINESE


def _is_common(text: str, encoding: str) -> bool:
    """Return whether a few words are frequent ones. Others are too likely to be another language's."""
    syllables = [letter for letter in text if "가" <= letter <= "힣"]
    hanzi = [letter for letter in text if _is_hanzi(letter)] if encoding == "gb18030" else []
    if 0 < len(syllables) < _FEW and _common_share(syllables, COMMON_KOREAN) < _FEW_KOREAN:
        return False
    return not 0 < len(hanzi) < _FEW or _common_share(hanzi, COMMON_CHINESE) >= _FEW_CHINESE


def _common_share(letters: list[str], frequent: frozenset[str]) -> float:
    return sum(letter in frequent for letter in letters) / len(letters)


def _is_hanzi(letter: str) -> bool:
    return "一" <= letter <= "鿿"


def _is_alphabetic(text: str) -> bool:
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    count = sum(map(len, words))
    signs = sum(ord(sign) > 127 and unicodedata.category(sign)[0] not in "LMP" for sign in text)
    mixed = any(len({_script(letter) for letter in word}) > 1 for word in words)
    if mixed or signs > _MOST_SIGNS * count:
        return False
    # In the wrong encoding, capitals and small letters are exchanged.
    cased = [word for word in words if word.lower() != word.upper()]
    usual = sum(word.islower() or word.isupper() or word.istitle() for word in cased)
    return bool(usual >= 0.9 * len(cased))


def _latin(text: str, letters: set[str], encoding: str) -> float:
    if any(map(_is_sign, _INSIDE_WORD.findall(text))):
        return 0.0
    if encoding.startswith("utf"):
        return 1.0
    if encoding != "windows-1252" and _UNWRITTEN.search(text):
        return 0.0
    own = {letter for letter in "".join(letters).lower() if letter.isalpha() and letter not in "aioªº"}
    languages = _LANGUAGES.get(encoding, ())
    if any(own <= set(language) for language in languages):
        return 1.0
    # A list of names can have several languages of one code page, of the Western one most of all.
    mixed = 0.5 if encoding == "windows-1252" else 0.2
    return mixed if own <= set("".join(languages)) else 0.0


def _is_sign(character: str) -> bool:
    return not character.isalpha() and character not in _IN_WORDS
