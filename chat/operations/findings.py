"""What a self-check finds."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its kind, the key of the row or turn, and what was seen."""

    kind: str
    subject: str
    detail: str
