"""Lowers a model's limits to what its server told when it refused a request as too long.

Catalogues and lists of models often know nothing of a server that was started with a smaller context. Staff see the
change in the model's history and can undo it.
"""

from django.db import transaction

from chat.claude.failures.context_overflow import ContextOverflow
from chat.models import LanguageModel

# What the history says; the admin translates it.
LEARNED = "The server refused a longer request"
LIMITS = ("max_input_tokens", "max_output_tokens", "default_max_tokens")
# Answers get at most this part of a context that prompt and answer share.
ANSWER_PART = 2


@transaction.atomic
def learn_limits(model: LanguageModel, overflow: ContextOverflow) -> bool:
    """Lower the limits in a model's row and in `model`; return whether one of them changed. No limit is ever raised."""
    row = LanguageModel.objects.select_for_update().filter(pk=model.pk).first()
    if row is None:
        return False
    before = [getattr(row, name) for name in LIMITS]
    context, longest = overflow.limit_tokens, overflow.output_tokens
    if context is not None:
        row.max_input_tokens = min(row.max_input_tokens, context)
        longest = context // ANSWER_PART
    if longest is not None:
        row.max_output_tokens = min(row.max_output_tokens, longest)
    row.default_max_tokens = min(row.default_max_tokens, row.max_output_tokens)
    for name in LIMITS:
        setattr(model, name, getattr(row, name))
    if before == [getattr(row, name) for name in LIMITS]:
        return False
    row._change_reason = LEARNED  # type: ignore[attr-defined] # read by simple_history
    row.save(update_fields=LIMITS)
    return True
