"""What no language does makes a decoded text implausible; few letters prove little."""

import pytest

from chat.readers.text.plausibility import is_enough, plausibility


@pytest.mark.parametrize(
    ("text", "encoding", "plausible"),
    [
        ("안녕하세요 여러분 반갑습니다 오늘도", "cp949", 1.0),
        ("저항은 10Ω입니다", "cp949", 1.0),
        ("檎츰든뺐쀍 뷁쀍쨃꿹쟭쏇 뷁쀍쨃", "cp949", 0.0),
        ("홍 洪吉童傳序", "cp949", 0.0),
        ("B낱d Stra낱e", "cp949", 0.0),
        ("id와pw를 입력하세요", "cp949", 1.0),
        ("ИванИванИван 王", "gb18030", 0.0),
        ("部门职位姓名销售部经理李娜技术部", "gb18030", 1.0),
        ("柴臭怀塑蹦婶叹碰荚峡祸肌搀", "gb18030", 0.0),
        ("議事録をよろしくお願いします", "cp932", 1.0),
        ("Иван Петров", "windows-1251", 1.0),
        ("оПХБЕР ЛХП", "koi8-r", 0.0),
        ("Josι", "windows-1253", 0.0),
        ("Иван και", "utf-16", 0.0),
        ("ая¦§©¬±", "windows-1251", 0.0),
        ("Straße", "windows-1252", 1.0),
        ("Stra§e", "windows-1252", 0.0),
        ("l’été", "windows-1252", 1.0),
        ("Müller, Søren, François", "windows-1252", 0.5),
        ("Łódź", "windows-1250", 1.0),
        ("Łódź, Dvořák", "windows-1250", 0.2),
        ("Espańa", "windows-1250", 0.0),
        ("tak\x97", "windows-1250", 0.0),
        ("ᎠᎡᎢ", "utf-16", 0.0),
        ("Größe", "utf-8", 1.0),
    ],
)
def test_a_text_is_as_plausible_as_its_letters(text: str, encoding: str, plausible: float) -> None:
    assert plausibility(text, encoding) == plausible


@pytest.mark.parametrize(
    ("text", "encoding", "rivals", "enough"),
    [
        ("안녕하세요", "cp949", True, True),
        ("키값", "cp949", False, False),
        ("뷁쀍쨃꿹", "cp949", False, False),
        ("姓名电话王小明", "gb18030", True, True),
        ("柴臭怀塑蹦", "gb18030", True, False),
        ("議事録の", "cp932", True, True),
        ("Иван", "windows-1251", False, False),
        ("Иван Петров и Анна", "windows-1251", True, True),
        ("Slovène", "windows-1252", True, False),
        ("Slovène", "windows-1252", False, True),
        ("5 €", "windows-1252", True, True),
        ("¡G", "windows-1252", True, False),
    ],
)
def test_a_few_letters_are_not_enough(text: str, encoding: str, rivals: bool, enough: bool) -> None:
    assert is_enough(text, encoding, rivals=rivals) is enough
