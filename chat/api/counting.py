"""Counting the tokens of a draft. It is free: no model answers, and nothing is stored."""

from django.http import HttpRequest
from ninja import Router

from chat.api.identity import identity_of
from chat.api.schemas import inputs, outputs
from chat.operations.request.token_counts import count_draft

router = Router(tags=["counting"])


@router.post("/count_tokens", response=outputs.CountOut)
def count_tokens(request: HttpRequest, data: inputs.CountInput) -> outputs.CountOut:
    """Count the tokens of a text: alone, or as the next message of `conversation` with all earlier messages."""
    count = count_draft(
        user=identity_of(request).user,
        text=data.text,
        conversation_id=data.conversation,
        assistant_id=data.assistant,
        model_id=data.model,
        project_id=data.project,
        output_schema=data.output_schema,
    )
    return outputs.CountOut(
        input_tokens=count.tokens,
        exact=count.exact,
        model=count.model.model_id,
        max_input_tokens=count.model.max_input_tokens,
    )
