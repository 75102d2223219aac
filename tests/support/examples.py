"""How many examples a property is tried with. THOROUGH=1 asks for three times as many."""

import os


def many(count: int) -> int:
    """Return `count` in a thorough run, and a third of it otherwise."""
    return count if os.environ.get("THOROUGH") else max(count // 3, 1)
