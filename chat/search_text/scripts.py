"""Which characters belong to which kind of token.

Hangul, Kana and Han, and the scripts of Southeast Asia that write no spaces between words, are *dense*: a word can
begin at any of their characters.
"""

import re

DENSE = (
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"  # Hangul
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"  # Han
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eae\u0eb0-\u0ece"  # Thai, Lao
    "\u1000-\u103f\u1050-\u109d\u1780-\u17d3"  # Burmese, Khmer
)
# Marks inside words, which `\w` leaves out: vowels of Indic scripts, points of Hebrew and Arabic.
MARKS = (
    "\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7-\u06ed"
    "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d"
    "\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3c-\u0c56"
    "\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d\u0d82\u0d83\u0dca-\u0ddf"
)
SIGNS = "\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"
WORD_CHARACTER = rf"(?:[^\W_{DENSE}]|[{MARKS}])"

RUN = re.compile(rf"(?P<dense>[{DENSE}]+)|(?P<word>{WORD_CHARACTER}+)|(?P<sign>[{SIGNS}])")
"""One run of a folded text: dense characters, a word, or a sign such as an emoji."""
