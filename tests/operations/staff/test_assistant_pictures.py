"""Pictures of assistants: read anew, kept once, and deleted with their last use."""

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from chat.models import Assistant, StoredFile
from chat.operations.errors import OperationError
from chat.operations.staff.assistant_pictures import MAX_PICTURE_BYTES, read_assistant_picture, set_picture
from tests.support.media import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def assistant() -> Assistant:
    return Assistant.objects.create(name="Guide")


def test_a_picture_is_set_replaced_and_removed(
    assistant: Assistant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    first, second = (read_assistant_picture(picture(size=size)) for size in ((900, 600), (40, 30)))
    assert max(first.width, first.height) <= 480
    for shown in (first, second, None):
        with django_capture_on_commit_callbacks(execute=True):
            set_picture(assistant=assistant, picture=shown)
        assistant.refresh_from_db()
        assert (assistant.picture is None) == (shown is None)
        assert StoredFile.objects.count() == (0 if shown is None else 1)


@pytest.mark.parametrize(
    ("data", "code"), [(b"x" * (MAX_PICTURE_BYTES + 1), "too_large"), (b"no picture", "unreadable")]
)
def test_what_is_no_picture_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(OperationError) as caught:
        read_assistant_picture(data)
    assert caught.value.code == code
