"""The tokens of a prompt for each model, and whether each cache point reaches the model's minimum."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.models import Assistant, LanguageModel, PromptRevision
from chat.operations.request.token_counts import Reach, reach_of

VERDICTS = {
    "reached": ("good", _("long enough to be cached")),
    "below": ("bad", _("too short to be cached")),
    "unsure": ("bad", _("close to the minimum; count the tokens to be sure")),
    "": ("", ""),
}


def counted_models(revision: PromptRevision) -> list[LanguageModel]:
    """Return the models that a prompt is counted for: those of its assistants.

    Where people choose the model, or no assistant has the prompt yet, the first model stands for all.
    """
    usable = list(LanguageModel.objects.usable().select_related("connection").by_preference())
    chosen = set(Assistant.objects.filter(prompt=revision.prompt_id).values_list("model_id", flat=True))
    used = [model for model in usable if model.pk in chosen]
    return used if used and None not in chosen else [*used, *[m for m in usable if m not in used][:1]]


def counts_table(revision: PromptRevision | None) -> str:
    """Return a table with a row per model and cache point. The last row of a model is for the whole prompt."""
    if revision is None:
        return gettext("There is nothing to count yet.")
    rows = [
        _row(revision, model, reach)
        for model in counted_models(revision)
        for reach in reach_of(revision, model)
    ]
    return render_to_string("admin/prompt_counts.html", {"rows": rows})


def _row(revision: PromptRevision, model: LanguageModel, reach: Reach) -> dict[str, Any]:
    tone, verdict = VERDICTS[reach.verdict]
    whole = reach.block == len(revision.blocks) - 1
    return {
        "model": model,
        "reach": reach,
        "place": gettext("the whole prompt")
        if whole
        else gettext("up to block %(n)d") % {"n": reach.block + 1},
        "marked": reach.cache != "none",
        "tone": tone,
        "verdict": verdict,
    }
