"""Charts: bars within the drawing, the same figures as a table."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat.presentation.charts import HEIGHT, LABELS, MOST_SERIES, PLACE, Chart, stacked_chart


def chart(series: dict[str, list[Any]], labels: list[str] | None = None) -> Chart:
    length = len(next(iter(series.values())))
    return stacked_chart("x", "X", labels or [f"day {number}" for number in range(length)], series, str)


def test_parts_stand_on_each_other_the_largest_series_below() -> None:
    made = chart({"small": [1, 0], "large": [3, 5]})
    assert made.series == ["large", "small"]
    assert made.top == "5"
    first, second = made.bars
    assert [(part.series, part.y, part.height) for part in first.parts] == [
        (1, "40.00", "60.00"),
        (2, "20.00", "20.00"),
    ]
    assert [(part.series, part.y, part.height) for part in second.parts] == [(1, "0.00", "100.00")]
    assert first.told == "day 0\nlarge: 3\nsmall: 1"
    assert made.rows == [("day 0", ["3", "1"]), ("day 1", ["5", "0"])]
    assert (made.totals, made.total, made.width) == (["8", "1"], "9", 2 * PLACE)


def test_an_empty_chart_and_an_empty_day_are_drawn() -> None:
    made = chart({"cost": [Decimal(0), Decimal(0)]})
    assert [bar.parts for bar in made.bars] == [[], []]
    assert made.bars[0].told == "day 0\n0"
    assert made.has_one_series


def test_what_is_below_zero_has_a_figure_and_no_height() -> None:
    made = chart({"saved": [Decimal("-0.5"), Decimal(2)]})
    assert made.bars[0].parts == []
    assert made.rows[0] == ("day 0", ["-0.5"])


def test_small_series_are_summed_up() -> None:
    made = chart({f"model {number}": [number, 1] for number in range(9)})
    assert len(made.series) == MOST_SERIES
    assert made.series[-1] == "Others"
    assert made.total == str(sum(range(9)) + 9)


def test_labels_are_few_and_begin_and_end_the_axis() -> None:
    many = [f"{number}" for number in range(90)]
    made = chart({"a": [1] * 90}, many)
    assert len(made.labels) == LABELS
    assert (made.labels[0], made.labels[-1]) == ("0", "89")
    assert chart({"a": [1, 2]}).labels == ["day 0", "day 1"]


@given(st.lists(st.lists(st.integers(0, 10**12), min_size=3, max_size=3), min_size=1, max_size=9))
def test_no_bar_leaves_the_drawing(values: list[list[int]]) -> None:
    made = chart({f"s{number}": column for number, column in enumerate(values)})
    for bar in made.bars:
        assert 0 <= float(bar.x) <= made.width - PLACE + 1
        for part in bar.parts:
            assert float(part.y) >= -0.01
            assert float(part.y) + float(part.height) <= HEIGHT + 0.01
