"""Changes of a system prompt: a new immutable revision each, numbered without gaps."""

from typing import Any

from django.db import transaction

from chat.claude.encoding.text import clean_text
from chat.models import PromptRevision, SystemPrompt, User


@transaction.atomic
def revise_prompt(
    *, prompt: SystemPrompt, blocks: list[dict[str, Any]], author: User, note: str = ""
) -> PromptRevision | None:
    """Add a revision with these blocks ({"text": str, "cache": "none" | "5m" | "1h"}); None when nothing changed.

    Raises:
        ValidationError: a block without a text, or an unknown cache mark.
    """
    blocks = [{"text": clean_text(block["text"]), "cache": block.get("cache", "none")} for block in blocks]
    SystemPrompt.objects.select_for_update().get(id=prompt.id)  # two editors get two numbers
    current = prompt.current()
    if current is not None and current.blocks == blocks:
        return None
    revision = PromptRevision(
        prompt=prompt,
        number=current.number + 1 if current else 1,
        blocks=blocks,
        author=author,
        note=clean_text(note),
    )
    revision.full_clean(exclude=["prompt", "author"])
    revision.save()
    return revision
