"""A clock that stands still until a test moves it."""


class Clock:
    """Return `now`, in seconds, when called."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
