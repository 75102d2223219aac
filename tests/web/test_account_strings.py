"""Replaced translations of packages: each text still exists there, and ours is the one that is used."""

from pathlib import Path

import allauth
import django
import polib
import pytest
from django.utils import translation
from django.utils.translation import gettext

from chat.admin.theme_strings import ADMIN_TEXTS
from chat.web.account_strings import ACCOUNT_TEXTS

CATALOGUE = Path("locale/ko/LC_MESSAGES/django.po")
OURS = Path(__file__).parents[2] / CATALOGUE
ALLAUTH = Path(allauth.__file__).parent / CATALOGUE
ADMIN = Path(django.__file__).parent / "contrib/admin" / CATALOGUE


@pytest.mark.parametrize(("texts", "catalogue"), [(ACCOUNT_TEXTS, ALLAUTH), (ADMIN_TEXTS, ADMIN)])
def test_replaced_texts_exist_in_the_package(texts: tuple[str, ...], catalogue: Path) -> None:
    known = {entry.msgid for entry in polib.pofile(str(catalogue))}
    assert set(texts) <= known


def test_our_translation_takes_precedence() -> None:
    ours = {entry.msgid: entry.msgstr for entry in polib.pofile(str(OURS))}
    with translation.override("ko"):
        for text in (*ACCOUNT_TEXTS, *ADMIN_TEXTS):
            assert gettext(text) == ours[text]
