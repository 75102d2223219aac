"""How much is measured, and what one contender is asked to carry."""

import dataclasses

PACE = 20  # deltas per second of one stream: what a model writes
START_SPACING_SECONDS = 0.025
Figures = dict[str, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """Streams that one contender carries at once.

    `request` is the text that tells the upstream what to stream. With a window of 0 seconds the streams begin
    together and run at full speed; else they begin one after the other, and the window opens when all flow.
    """

    streams: int
    request: str
    window_seconds: float = 0
    spacing_seconds: float = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """How much a run measures.

    `searched_messages` is how many messages search is measured in.
    `climb` are the numbers of streams that a core is asked to carry, in rising order; when it fails the first of
    them, those of `descend` are tried. `both_databases` measures one web process on PostgreSQL and Redis too; with
    two of them the same code runs in any case. `frames` is how many an answer takes in a browser.
    """

    rounds: int
    flat_streams: int
    flat_deltas: int
    paced_streams: int
    window_seconds: float
    searched_messages: int
    climb: tuple[int, ...]
    descend: tuple[int, ...] = ()
    office_share: float = 1.0
    both_databases: bool = True
    frames: int = 400

    def flat(self, streams: int | None = None) -> Load:
        """Return the load of streams at full speed. The upstream waits until all of them have asked."""
        streams = streams or self.flat_streams
        return Load(streams, f"deltas={self.flat_deltas} pace=0 together={streams}")

    def paced(self, streams: int | None = None) -> Load:
        """Return the load of streams at the pace of a model. They last until the window is over."""
        streams = streams or self.paced_streams
        deltas = round(PACE * (streams * START_SPACING_SECONDS + self.window_seconds + 4))
        request = f"deltas={deltas} pace={PACE} together=1"
        return Load(streams, request, self.window_seconds, START_SPACING_SECONDS)


WHOLE = Scale(3, 50, 4000, 100, 8, 100_000, climb=(400, 500), descend=(350, 300, 250, 200))
QUICK = Scale(1, 8, 500, 8, 2, 1_000, climb=(12,), office_share=0.05, both_databases=False, frames=20)
