"""Stacked bars as the numbers of an SVG, and the same figures as a table. Styles give the colours by class."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

# Units of the drawing: a bar's place is 10 wide, its gap 2; the plot is 100 high.
PLACE, GAP, HEIGHT = 10, 2, 100
# Colours that can be told apart. What has less than the others is one series.
MOST_SERIES = 6
# About so many labels fit below the bars of a phone.
LABELS = 4

Number = Decimal | int


@dataclasses.dataclass(frozen=True, slots=True)
class ChartPart:
    """One rectangle: the attributes of <rect> as text, and the number of its series, from 1."""

    x: str
    y: str
    height: str
    series: int


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One bar with the text that a pointer shows."""

    parts: list[ChartPart]
    told: str
    x: str


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """`rows` is the table: a label and one figure for each series; `totals` are the sums of the series."""

    name: str
    title: str
    series: list[str]
    bars: list[Bar]
    rows: list[tuple[str, list[str]]]
    totals: list[str]
    total: str
    top: str
    labels: list[str]
    width: int

    @property
    def has_one_series(self) -> bool:
        return len(self.series) == 1


def stacked_chart(
    name: str,
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[Number]],
    figure: Callable[[Any], str],
    *,
    least_top: Number = 1,
) -> Chart:
    """Return a chart with one bar for each label and one part of it for each series, the largest at the bottom.

    The axis ends at `least_top` or higher. Negative numbers have a figure in the table and no height.
    """
    shown = _largest(series)
    columns = list(zip(*shown.values(), strict=True))
    top = _round_up(max([Decimal(least_top), *map(_height, columns)]))
    rows = [
        (label, [figure(value) for value in column]) for label, column in zip(labels, columns, strict=True)
    ]
    return Chart(
        name=name,
        title=title,
        series=list(shown),
        bars=[
            _bar(place, column, top, _told(labels[place], dict(zip(shown, column, strict=True)), figure))
            for place, column in enumerate(columns)
        ],
        rows=rows,
        totals=[figure(sum(values)) for values in shown.values()],
        total=figure(sum(sum(values) for values in shown.values())),
        top=figure(top),
        labels=_few(labels),
        width=PLACE * len(labels),
    )


def _largest(series: Mapping[str, Sequence[Number]]) -> dict[str, Sequence[Number]]:
    """Return the series by size, the smallest of too many as one."""
    ordered = sorted(series.items(), key=lambda item: -sum(item[1]))
    if len(ordered) <= MOST_SERIES:
        return dict(ordered)
    kept, rest = ordered[: MOST_SERIES - 1], ordered[MOST_SERIES - 1 :]
    others = [sum(column) for column in zip(*(values for _name, values in rest), strict=True)]
    return {**dict(kept), _("Others"): others}


def _height(column: Sequence[Number]) -> Decimal:
    return Decimal(sum(max(value, 0) for value in column))


def _told(label: str, values: Mapping[str, Number], figure: Callable[[Any], str]) -> str:
    lines = [f"{name}: {figure(value)}" for name, value in values.items() if value]
    return "\n".join([label, *(lines or [figure(0)])])


def _bar(place: int, column: Sequence[Number], top: Decimal, told: str) -> Bar:
    parts, reached, x = [], Decimal(0), str(place * PLACE + GAP // 2)
    for number, value in enumerate(column, start=1):
        if value > 0:
            height = HEIGHT * Decimal(value) / top
            reached += height
            parts.append(ChartPart(x, f"{HEIGHT - reached:.2f}", f"{height:.2f}", number))
    return Bar(parts, told, x)


def _round_up(value: Decimal) -> Decimal:
    """Return the next number of the form 1, 2 or 5 times a power of ten: the top of the axis."""
    power = Decimal(10) ** math.floor(value.log10())
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _few(labels: Sequence[str]) -> list[str]:
    """Return the first, the last and some labels between, evenly."""
    if len(labels) <= LABELS:
        return list(labels)
    return [labels[round(number * (len(labels) - 1) / (LABELS - 1))] for number in range(LABELS)]
