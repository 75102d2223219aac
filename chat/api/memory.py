"""A person's memory: notes that the person keeps, and that new conversations are told while memory is on."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from chat.api.identity import identity_of
from chat.api.schemas import inputs, outputs
from chat.models import MemoryEntry, Workspace
from chat.operations.accounts import memory as journeys

router = Router(tags=["memory"])


@router.get("/memory", response=outputs.MemoryOut)
def read_memory(request: HttpRequest) -> outputs.MemoryOut:
    """Read your memory entries, oldest first, and whether conversations are told them."""
    user = identity_of(request).user
    rows = MemoryEntry.objects.filter(user=user).order_by("created_at", "id")
    return outputs.MemoryOut(
        enabled=user.uses_memory and Workspace.current().offers_memory, data=[_shape(row) for row in rows]
    )


@router.post("/memory", response={201: outputs.MemoryEntryOut})
def create_memory_entry(request: HttpRequest, data: inputs.MemoryEntryInput) -> Status[Any]:
    """Keep an entry. One with the same text is returned as it is."""
    return Status(201, _shape(journeys.add_memory_entry(user=identity_of(request).user, text=data.text)))


@router.patch("/memory/{entry_id}", response=outputs.MemoryEntryOut)
def edit_memory_entry(
    request: HttpRequest, entry_id: str, data: inputs.MemoryEntryInput
) -> outputs.MemoryEntryOut:
    """Replace the text of an entry."""
    user = identity_of(request).user
    return _shape(journeys.change_memory_entry(user=user, entry_id=entry_id, text=data.text))


@router.delete("/memory/{entry_id}", response={204: None})
def delete_memory_entry(request: HttpRequest, entry_id: str) -> Status[None]:
    """Delete an entry."""
    journeys.forget(user=identity_of(request).user, entry_id=entry_id)
    return Status(204, None)


@router.delete("/memory", response={204: None})
def delete_memory(request: HttpRequest) -> Status[None]:
    """Delete all entries."""
    journeys.forget_everything(user=identity_of(request).user)
    return Status(204, None)


def _shape(row: MemoryEntry) -> outputs.MemoryEntryOut:
    return outputs.MemoryEntryOut(
        id=str(row.id),
        text=row.text,
        conversation=str(row.conversation_id) if row.conversation_id else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
