"""The receipt of an answer: its model, tokens, cost and times, as the texts that its template shows.

They are made here and not by filters in the template, because a page shows dozens of receipts.
"""

import dataclasses
import enum
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from chat.models import ApiCall, Message
from chat.presentation.figures import CENT, exact_usd, prompt_tokens, rounded_usd, short_seconds

# From the surest to the least sure: a sum is as sure as the least sure part.
_CERTAINTIES = (ApiCall.Certainty.EXACT, ApiCall.Certainty.ESTIMATED, ApiCall.Certainty.UNKNOWN)


class CostDetail(enum.Enum):
    """How much of a cost a viewer sees."""

    HIDDEN = "hidden"
    ROUNDED = "rounded"  # to cents
    EXACT = "exact"  # all digits, and how sure they are


class Row(NamedTuple):
    """A label and its figure; `part` when it is part of the figure above."""

    label: str
    figure: str
    part: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """The rows of one receipt, and when the answer was written."""

    rows: list[Row]
    written_at: str
    written: str


def receipt_of(answers: Sequence[Message], calls: Sequence[ApiCall], detail: CostDetail) -> Receipt:
    """Return the receipt of a turn's answers: the sums over all its calls."""
    written = timezone.localtime(answers[-1].created_at)
    return Receipt(
        rows=[*_rows(answers, calls, detail)],
        written_at=written.isoformat(),
        written=formats.date_format(written, "SHORT_DATETIME_FORMAT"),
    )


def _rows(answers: Sequence[Message], calls: Sequence[ApiCall], detail: CostDetail) -> Iterator[Row]:
    names = dict.fromkeys(message.model_name for message in answers if message.model_name)
    yield Row(_("Model"), ", ".join(names))
    if answers[0].requested_length:
        yield Row(_("Requested length"), answers[0].get_requested_length_display())
    if len(calls) > 1:
        yield Row(_("Model calls"), _grouped(len(calls)))
    yield Row(_("Input"), _grouped(sum(map(prompt_tokens, calls))))
    yield from _part(_("read from the cache"), calls, "cache_read_tokens")
    yield from _part(_("written to the cache, 5 minutes"), calls, "cache_write_5m_tokens")
    yield from _part(_("written to the cache, 1 hour"), calls, "cache_write_1h_tokens")
    yield Row(_("Output"), _grouped(sum(call.output_tokens for call in calls)))
    yield from _part(_("Thinking"), calls, "thinking_tokens")
    yield from _part(_("Web searches"), calls, "web_search_requests", part=False)
    if calls and detail is not CostDetail.HIDDEN:
        yield Row(_("Cost"), _cost(calls, exact=detail is CostDetail.EXACT))
    seconds = sum((call.finished_at - call.started_at).total_seconds() for call in calls if call.finished_at)
    if seconds:
        yield Row(_("Time"), _("%(seconds)s s") % {"seconds": short_seconds(seconds)})


def _part(label: str, calls: Sequence[ApiCall], column: str, *, part: bool = True) -> Iterator[Row]:
    """Yield the row of a sum, unless it is zero."""
    total = sum(getattr(call, column) for call in calls)
    if total:
        yield Row(label, _grouped(total), part=part)


def _cost(calls: Sequence[ApiCall], *, exact: bool) -> str:
    certainty = max((call.certainty for call in calls), key=_CERTAINTIES.index)
    total = sum((call.cost_usd for call in calls), Decimal())
    if certainty == ApiCall.Certainty.UNKNOWN:
        return _("unknown")
    if exact:
        return f"{exact_usd(total)} ({ApiCall.Certainty(certainty).label})"
    about = "≈ " if certainty == ApiCall.Certainty.ESTIMATED and total >= CENT else ""
    return about + rounded_usd(total)


def _grouped(number: int) -> str:
    """Return a number with a comma between thousands, as in English and Korean."""
    return f"{number:,}"
