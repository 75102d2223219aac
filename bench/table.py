"""The rows of the benchmark: each figure beside its ceiling of the same run and its targets."""

import dataclasses

COLUMNS = ("figure", "measured", "ceiling in this run", "first landing", "goal", "verdict")


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One figure. `first` and `goal` are its targets, to be reached from below where `more` is better."""

    figure: str
    measured: float
    unit: str = ""
    ceiling: float | None = None
    first: float | None = None
    goal: float | None = None
    more: bool = False

    @property
    def verdict(self) -> str:
        if self.first is None:
            return "-"
        for target, word in ((self.goal, "goal"), (self.first, "first landing")):
            if target is not None and (self.measured >= target if self.more else self.measured <= target):
                return word
        return "MISSED"

    def cells(self) -> tuple[str, ...]:
        sign = "≥ " if self.more else "≤ "
        targets = [
            sign + self._shown(target) if target is not None else "-" for target in (self.first, self.goal)
        ]
        ceiling = "-" if self.ceiling is None else self._shown(self.ceiling)
        return (self.figure, self._shown(self.measured), ceiling, *targets, self.verdict)

    def as_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "verdict": self.verdict}

    def _shown(self, value: float) -> str:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:,.{digits}f} {self.unit}".rstrip()


def render(rows: list[Row]) -> str:
    """Return the rows as a Markdown table with aligned columns."""
    lines = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)
