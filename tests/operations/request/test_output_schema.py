"""Output schemas when a turn is accepted, in its frame, and at its end."""

import dataclasses
import uuid
from typing import Any

import pytest

from chat.claude.request.frame import FrameSpec
from chat.models import Assistant, LanguageModel, ProviderConnection, Turn, User
from chat.operations.errors import OperationError
from chat.operations.request import output_schema
from chat.operations.request.frame import freeze_frame
from chat.readers.process import sandbox
from tests import factories
from tests.support import turns

POINT = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 5}}, "required": ["x"]}
ABLE = {"structured_outputs": {"supported": True}}
HERE = ProviderConnection(kind="anthropic")
FORCED = {"forced_tool_choice": {"supported": True}}


def new_id() -> str:
    return str(uuid.uuid4())


def code_of(error: pytest.ExceptionInfo[OperationError]) -> tuple[str, int]:
    return error.value.code, error.value.status


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object", "properties": {"a": {}}}, "must have a 'type'"),
        ({"type": "array", "items": {"$ref": "#"}}, "recursive"),
        ("text", "JSON object"),
        ({"not": {"type": "string"}}, "must have a 'type'"),
    ],
)
def test_unusable_schema_is_refused_at_once(schema: Any, words: str) -> None:
    with pytest.raises(OperationError, match="invalid_schema") as error:
        output_schema.checked_schema(schema)
    assert code_of(error) == ("invalid_schema", 422)
    assert words in error.value.message


def test_a_forced_tool_needs_a_schema_that_tools_may_have() -> None:
    model = LanguageModel(connection=HERE, capabilities=FORCED)
    schema = {"type": "object", "properties": {"용량": {"type": "integer"}}}
    with pytest.raises(OperationError, match="invalid_schema") as error:
        output_schema.way_of(model, schema)
    assert "용량" in error.value.message
    able = LanguageModel(connection=HERE, capabilities=ABLE)
    assert output_schema.way_of(able, schema) == "format"


def test_schema_of_the_request_overrides_the_assistants() -> None:
    own = Assistant(output_schema={"type": "string"})
    assert output_schema.schema_for(None, None) is None
    assert output_schema.schema_for(None, Assistant()) is None
    assert output_schema.schema_for(None, own) == {"type": "string"}
    assert output_schema.schema_for(POINT, own) == POINT


def test_frame_asks_by_format_or_tool_as_supported() -> None:
    spec = FrameSpec("m")
    assert output_schema.shaped_spec(spec, LanguageModel(), None) is spec
    body = output_schema.shaped_spec(spec, LanguageModel(connection=HERE, capabilities=ABLE), POINT).body()
    sent = body["output_config"]["format"]["schema"]
    assert (sent["additionalProperties"], sent["properties"]["x"]["description"]) == (False, "{minimum: 5}")
    forced = output_schema.shaped_spec(
        spec, LanguageModel(connection=HERE, capabilities={"forced_tool_choice": True}), POINT
    ).body()
    assert forced["tools"][0]["input_schema"] == sent
    assert forced["tool_choice"] == {"type": "tool", "name": "answer"}


@pytest.mark.parametrize(
    ("capabilities", "schema", "words"),
    [({}, POINT, "Small does not support"), (FORCED, {"type": "string"}, "of type “object”")],
)
def test_model_without_schemas_is_refused(capabilities: Any, schema: Any, words: str) -> None:
    model = LanguageModel(connection=HERE, display_name="Small", capabilities=capabilities)
    with pytest.raises(OperationError, match="no_structured_output") as error:
        output_schema.way_of(model, schema)
    assert words in error.value.message


def fault(schema: Any, text: str, stop_reason: str = "end_turn") -> tuple[str, str] | None:
    found = output_schema.schema_fault(schema, [{"type": "text", "text": text}], stop_reason)
    return (found.code, found.detail) if found else None


def test_answers_are_checked_against_the_whole_schema() -> None:
    assert fault(POINT, '{"x": 5}') is None
    assert fault(POINT, '{"x": 4}') == ("invalid_output", "at x: 4 is less than the minimum of 5")
    assert fault(POINT, "Five.") == (
        "invalid_output",
        "the answer is not JSON: Expecting value: line 1 column 1 (char 0)",
    )
    assert fault(POINT, '{"x": 5', "max_tokens") == ("output_truncated", "the answer was cut: max_tokens")


def test_patterns_are_checked_with_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    word = {"type": "string", "pattern": "^a+$"}
    assert fault(word, '"aaa"') is None
    assert fault(word, '"bbb"') == ("invalid_output", "at the root: 'bbb' does not match '^a+$'")
    endless = {"type": "string", "pattern": "^(a+)+$"}
    with monkeypatch.context() as short:
        short.setattr(sandbox, "CHECKS", dataclasses.replace(sandbox.CHECKS, seconds=1))
        late = fault(endless, f'"{"a" * 60}!"')
    assert late
    assert late[0] == "invalid_output"
    assert "in time" in late[1]
    nowhere = {"$ref": "#/$defs/none", "pattern": "a"}
    assert fault(nowhere, '"a"') == (
        "invalid_output",
        "the answer couldn't be checked: the schema can't be followed",
    )


@pytest.mark.django_db
def test_a_turn_keeps_its_schema_through_retry_and_continue(insider: User) -> None:
    model = factories.language_model(capabilities=ABLE)
    started = turns.start_turn(author=insider, client_id=new_id(), text="Where?", output_schema=POINT)
    turn = started.turn
    assert turn.output_schema == POINT
    assert "format" in turn.frame.body["output_config"]
    assert turn.frame != freeze_frame(model=model, assistant=None)
    for status, journey in (("failed", turns.retry_turn), ("stopped", turns.continue_turn)):
        factories.message(
            turn.conversation, turn.user_message, '{"x": ', role="assistant", turn=turn, status="partial"
        )
        Turn.objects.filter(id=turn.id).update(status=status, finished_at=turn.created_at)
        again = journey(author=insider, client_id=new_id(), turn_id=turn.id).turn
        # Half an answer of a shape is asked for anew, not gone on with.
        assert (again.output_schema, again.user_message) == (POINT, turn.user_message)
        Turn.objects.filter(id=again.id).update(status="completed", finished_at=turn.created_at)


@pytest.mark.django_db
def test_assistants_schema_applies_and_is_validated(insider: User) -> None:
    model = factories.language_model(capabilities=ABLE)
    made = Assistant.objects.create(name="Points", model=model, output_schema=POINT)
    asked = {"author": insider, "text": "Where?", "assistant_id": made.id}
    assert turns.start_turn(client_id=new_id(), **asked).turn.output_schema == POINT
    LanguageModel.objects.update(capabilities={})
    with pytest.raises(OperationError, match="no_structured_output"):
        turns.start_turn(client_id=new_id(), **asked)
    assert Turn.objects.count() == 1
