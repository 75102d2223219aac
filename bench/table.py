"""The rows of the benchmark: each figure beside its limit of the same run and its targets."""

import dataclasses

COLUMNS = ("form", "figure", "measured", "limit in this run", "must", "goal", "verdict")
SCALED = (
    "x: targets that depend on a machine's speed, multiplied by how much longer the limit took than on theirs"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One figure of one form. `must` and `goal` are its targets, to be reached from below where `more` is better.

    Both are multiplied by `scale`: times depend on the machine, and targets were set on a known one.
    """

    form: str
    figure: str
    measured: float
    unit: str = ""
    limit: float | None = None
    must: float | None = None
    goal: float | None = None
    more: bool = False
    scale: float = 1

    @property
    def verdict(self) -> str:
        if self.must is None:
            return "-"
        if not self._reaches(self.must):
            return "MISSED"
        return "held, goal too" if self.goal is not None and self._reaches(self.goal) else "held"

    def _reaches(self, target: float) -> bool:
        here = target * self.scale
        return self.measured >= here if self.more else self.measured <= here

    def cells(self) -> tuple[str, ...]:
        sign = "≥ " if self.more else "≤ "
        scale = "" if self.scale == 1 else f" x {self.scale:.2f}"
        targets = [
            "-" if target is None else sign + self._shown(target) + scale for target in (self.must, self.goal)
        ]
        limit = "-" if self.limit is None else self._shown(self.limit)
        return (self.form, self.figure, self._shown(self.measured), limit, *targets, self.verdict)

    def as_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "verdict": self.verdict}

    def _shown(self, value: float) -> str:
        whole = self.unit == "" and value == int(value)
        digits = 0 if whole or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
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
    if any(row.scale != 1 for row in rows):
        written += ["", SCALED]
    return "\n".join(written)
