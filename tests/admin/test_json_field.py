"""The JSON field of the admin's forms: errors name the place, whatever is wrong."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from chat.admin.models.language_models import IndentedJSONField


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{broken}", "This is not valid JSON: check line 1, column 2."),
        ('{"a": 1,\n "b" 2}', "This is not valid JSON: check line 2, column 6."),
        ("[" * 100_000, "This is not valid JSON."),
    ],
)
def test_errors_name_the_place(text: str, message: str) -> None:
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        IndentedJSONField().to_python(text)
    assert refused.value.messages == [message]
