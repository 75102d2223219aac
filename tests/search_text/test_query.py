"""What a person types, as terms of the index and texts that a result must contain."""

import pytest

from chat.search_text.query import LONGEST_QUERY, MOST_NEEDLES, Query, Term, read_query


@pytest.mark.parametrize(
    ("text", "needles", "terms"),
    [
        ("Garden", ["garden"], ["garden*"]),
        ("서울", ["서울"], ["서울"]),
        ("대한민국", ["대한민국"], ["대한", "한민", "민국"]),
        ("집", ["집"], []),
        ("서ㅇ", ["서"], []),
        ("서울ㅅ", ["서울"], ["서울"]),
        ("ㅋㅋ", ["ᄏᄏ"], ["ᄏᄏ"]),
        ("plan b", ["plan", "b"], ["plan*", "b"]),
        ("foo-bar", ["foo-bar"], ["foo", "bar*"]),
        ("c++", ["c++"], ["c"]),
        ('"to be" or', ["to be", "or"], ["to", "be*", "or*"]),
        ('"open end', ["open end"], ["open", "end*"]),
        ("“정원 가꾸기”", ["정원 가꾸기"], ["정원", "가꾸", "꾸기"]),
        ("iPhone에서", ["iphone에서"], ["iphone", "에서"]),
        ("제1장a", ["제1장a"], ["1", "장", "a"]),
        ("a - b", ["a", "b"], ["a", "b"]),
        ("--", ["--"], []),
        ("same Same", ["same"], ["same*"]),
        ("🎉", ["🎉"], ["🎉"]),
        ("  ", [], []),
        ('""', ['""'], []),
        ("x" * 70, ["x" * 70], ["x" * 64 + "*"]),
    ],
)
def test_queries(text: str, needles: list[str], terms: list[str]) -> None:
    expected = tuple(Term(term.rstrip("*"), term.endswith("*")) for term in terms)
    assert read_query(text) == Query(tuple(needles), expected)


def test_long_queries_are_cut() -> None:
    assert len(read_query("x" * 1000).needles[0]) == LONGEST_QUERY
    assert len(read_query(" ".join(map(str, range(100)))).needles) == MOST_NEEDLES
