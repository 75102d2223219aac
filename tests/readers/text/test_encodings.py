"""Texts in old encodings are read right or refused; they never become other letters."""

import pytest

from chat.readers.errors import Refused
from chat.readers.text.encodings import decode_text, utf8_text

KOREAN = "부서,직급,성명\n영업부,대리,홍길동\n개발팀,과장,최지우\n"
SIMPLIFIED = "部门,职位,姓名\n销售部,经理,李娜\n技术部,工程师,张伟\n"
TRADITIONAL = "部門,職稱,姓名\n業務部,經理,陳怡君\n資訊部,工程師,林志豪\n"
JAPANESE = "議事録\n参加者:佐藤、鈴木\n次回は金曜日です。よろしくお願いします。\n"
RUSSIAN = "Имя;Адрес;Город\nИван Петров;улица Ленина, 5;Москва\n"
POLISH = "Imię;Ulica;Miasto\nŁukasz;Długa 5;Łódź\n"
FRENCH = "Prénom;Adresse\nRené;13, allée des Érables, à côté\n"


def text_of(data: bytes) -> str:
    return decode_text(data)[1][0].decode()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (KOREAN, "cp949"),
        ("안녕하세요", "cp949"),
        ("뷁과 펲시라는 글자는 드물지만 한국어 문장에 나올 수 있습니다.\n", "cp949"),
        ("id와pw를 입력하고 A와B 중에서 고르세요\n", "cp949"),
        ("저항은 10Ω, 길이는 3㎛, 변화량은 Δ입니다.\n", "cp949"),
        ("홍길동(洪吉童)은 조선 시대의 소설이다.\n", "cp949"),
        (SIMPLIFIED, "gbk"),
        (SIMPLIFIED, "gb18030"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (KOREAN, "iso2022_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (POLISH, "cp1250"),
        (FRENCH, "cp1252"),
        ("Jméno;Město\nJiří Dvořák;Plzeň\nŽofie;Třebíč\n", "cp1250"),
        ("Städte: Köln und Nürnberg. Preis: 5 € – „günstig“\n", "cp1252"),
        ("Total: 5 €\n", "cp1252"),
        ("José, Müller, Søren, Åsa, François\n", "cp1252"),
        ("Ad;Şehir\nÇağrı Yıldız;İzmir\nGülşah;Eskişehir\n", "cp1254"),
        (KOREAN, "utf-16"),
        (KOREAN, "utf-32"),
        (KOREAN, "utf-16-le"),
        (KOREAN, "utf-16-be"),
        ("Plain words\n", "utf-16-le"),
        (RUSSIAN, "utf-16-be"),
        ("Größe: 5 µm\n", "utf-16-le"),
    ],
)
def test_texts_of_other_encodings_are_read_right(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data",
    [
        "你好\n".encode("gbk"),
        "编辑\n".encode("gbk"),
        "뷁\n".encode("cp949"),
        "模板过滤器\n".encode("gbk"),
        "眉农级\n".encode("gbk"),
        "Slovène\n".encode("cp1252"),
        "Tilføjet.\n".encode("cp1252"),
        "Привет\n".encode("koi8_r"),
        "ללא סיסמה\n".encode("cp1255"),
        "ﾔﾏﾀﾞ ﾀﾛｳ,ｻﾄｳ ﾊﾅｺ\n".encode("cp932"),
        "：\n".encode("big5"),
        b"\x1b$B and nothing that follows",
        # Korean and Chinese of rare letters alone.
        "뷁쀍쨃 꿹쟭쏇 뷁쀍쨃 꿹쟭쏇 뷁쀍".encode("cp949"),
        "龘靐齉爩鱻麤 龗灪龖厵滟爨 癵籱饢驫鲡鹂鸾".encode("gb18030"),
        bytes(range(128, 256)),
    ],
)
def test_doubtful_texts_are_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="encoding"):
        decode_text(data)


def test_letters_that_come_late_in_a_long_log_are_found() -> None:
    log = "2026-01-01 00:00:00 INFO ok\n" * 20_000
    assert text_of((log + KOREAN).encode("cp949")) == log + KOREAN
    assert text_of((log + KOREAN + "뒤").encode("cp949")[:-1]) == log + KOREAN + "\ufffd"
    assert text_of((KOREAN * 9_000).encode("cp949")) == KOREAN * 9_000
    with pytest.raises(Refused, match="encoding"):
        decode_text((KOREAN * 9_000).encode("cp949") + b"\xff\xff\n")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("이름,도시\n서울".encode()[:-1], "이름,도시\n서\ufffd"),
        ("도시: 서울, 부산\n".encode().replace("부".encode(), b"\xff"), "도시: 서울, \ufffd산\n"),
        ("\ufeff도시는 서울".encode() + b"\xec", "도시는 서울\ufffd"),
    ],
)
def test_one_broken_character_leaves_the_rest(data: bytes, text: str) -> None:
    assert utf8_text(data) is None
    assert text_of(data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"start\a\ndone\x1a", "start\a\ndone"),
        (b"\x1b[31merror\x1b[0m: disk full\n", "\x1b[31merror\x1b[0m: disk full\n"),
        (b"8=FIX.4.2\x019=65\x0135=A\x0110=087\x01", "8=FIX.4.2\x019=65\x0135=A\x0110=087\x01"),
        (b"progress 10%\b\b\b20%\v\n", "progress 10%\b\b\b20%\v\n"),
        ("\ufeff한글".encode(), "한글"),
        (b"", ""),
    ],
)
def test_control_characters_of_logs_are_kept(data: bytes, text: str) -> None:
    assert utf8_text(data) == text
    assert text_of(data) == text


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02 a program",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01",
        b"\x01\x02\x03\x04",
        b"\xff\xfeodd",
        b"a\0b\0c",
        b"\0\1",
        b"\1\0\2\0\3\0",
        "가Ж나Я다".encode("utf-16-le") + b"\0\0",
        bytes(range(1, 32)) * 3 + b"\xff",
    ],
)
def test_what_is_no_text_is_told_apart(data: bytes) -> None:
    assert utf8_text(data) is None
    with pytest.raises(Refused, match="binary"):
        decode_text(data)
