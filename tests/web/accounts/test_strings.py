"""Replaced translations of packages: each text still exists there, and ours is the one that is used."""

from collections.abc import Iterable
from pathlib import Path

import allauth
import django
import polib
import pytest
from django.utils import translation
from django.utils.translation import gettext

from chat.admin.theme_strings import ADMIN_TEXTS
from chat.web.accounts.strings import ACCOUNT_PLURALS, ACCOUNT_TEXTS

CATALOGUE = Path("locale/ko/LC_MESSAGES/django.po")
OURS = Path(__file__).parents[3] / CATALOGUE
ALLAUTH = Path(allauth.__file__).parent / CATALOGUE
CONTRIB = Path(django.__file__).parent / "contrib"
# The admin shows rows of django.contrib.auth and allauth too.
ADMIN = (CONTRIB / "admin" / CATALOGUE, CONTRIB / "auth" / CATALOGUE, ALLAUTH)


@pytest.mark.parametrize(("texts", "catalogues"), [(ACCOUNT_TEXTS, [ALLAUTH]), (ADMIN_TEXTS, ADMIN)])
def test_replaced_texts_exist_in_the_package(texts: tuple[str, ...], catalogues: Iterable[Path]) -> None:
    known = {entry.msgid for catalogue in catalogues for entry in polib.pofile(str(catalogue))}
    assert set(texts) <= known


def test_our_translation_takes_precedence() -> None:
    ours = {entry.msgid: entry.msgstr for entry in polib.pofile(str(OURS))}
    with translation.override("ko"):
        for text in (*ACCOUNT_TEXTS, *ADMIN_TEXTS):
            assert gettext(text) == ours[text]
        (codes,) = ACCOUNT_PLURALS
        assert (
            str(codes % {"unused_count": 3, "total_count": 10}) == "복구 코드 10개 중 3개를 쓸 수 있습니다."
        )


def test_replaced_english_exists_in_the_package() -> None:
    known = {entry.msgid for entry in polib.pofile(str(ALLAUTH))}
    ours = {
        entry.msgid: entry.msgstr for entry in polib.pofile(str(OURS.parents[2] / "en/LC_MESSAGES/django.po"))
    }
    assert set(ours) <= known
    with translation.override("en"):
        assert all(gettext(text) == shown for text, shown in ours.items())
