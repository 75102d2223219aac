"""The operations that accept turns, with the fields of their request as keyword arguments."""

from typing import Any

from chat.operations.turns import accept, extraction
from chat.operations.turns.turn_request import AcceptedTurn, TurnRequest


def start_turn(**fields: Any) -> AcceptedTurn:
    return accept.start_turn(TurnRequest(**fields))


def retry_turn(**fields: Any) -> AcceptedTurn:
    return accept.retry_turn(TurnRequest(**fields))


def continue_turn(**fields: Any) -> AcceptedTurn:
    return accept.continue_turn(TurnRequest(**fields))


def start_extraction(*, schema: Any, instructions: str = "", **fields: Any) -> AcceptedTurn:
    request = TurnRequest(output_schema=schema, **fields)
    return extraction.start_extraction(request, instructions=instructions)
