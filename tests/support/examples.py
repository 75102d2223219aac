"""How many examples a property is tried with: fewer at a desk than where every change is tested."""

import os


def many(count: int) -> int:
    """Return `count` where CI is set, and a third of it elsewhere."""
    return count if os.environ.get("CI") else max(count // 3, 1)
