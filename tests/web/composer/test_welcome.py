"""The welcome of an empty page: which greeting, picture and starters, and who sees an assistant's picture."""

import html
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.test import Client

from chat.models import Assistant, StoredFile
from chat.operations.errors import OperationError
from chat.operations.files.uploads import clear_unused_files
from chat.operations.staff.assistant_pictures import (
    MAX_PICTURE_BYTES,
    read_assistant_picture,
    set_picture,
)
from chat.readers.process import sandbox
from tests import factories
from tests.support import media


@pytest.fixture
def guide(db: None) -> Assistant:
    return Assistant.objects.create(
        name="Guide",
        model=factories.language_model("ready"),
        description="Knows the river.",
        greeting="Where to?",
        starters=["Where am I?", 7, " "],
    )


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_model_has_the_general_greeting_and_all_starters(browser: Client, guide: Assistant) -> None:
    page = text_of(browser.get("/"))
    assert "What would you like to talk about?" in page
    assert f'data-starter="Where am I?" data-choice="assistant:{guide.id}"' in page


def test_an_assistant_greets_with_its_own_words(browser: Client, guide: Assistant) -> None:
    part = text_of(browser.get("/welcome", {"choice": f"assistant:{guide.id}"}))
    assert part.index("Where to?") < part.index("Knows the river.") < part.index("Where am I?")
    assert 'aria-hidden="true">G</span>' in part
    Assistant.objects.update(greeting="", description="", starters="no list")
    part = text_of(browser.get("/welcome", {"choice": f"assistant:{guide.id}"}))
    assert '<h2 class="greeting__words" dir="auto">Guide</h2>' in part
    assert "starters" not in part


@pytest.mark.parametrize("choice", ["", "assistant:x", f"assistant:{uuid.UUID(int=7)}", "model:1"])
def test_other_choices_have_the_general_greeting(browser: Client, choice: str) -> None:
    assert "What would you like to talk about?" in text_of(browser.get("/welcome", {"choice": choice}))


def test_a_new_page_begins_with_the_last_choice(browser: Client, guide: Assistant) -> None:
    browser.cookies["parley_choice"] = f"assistant:{guide.id}"
    page = text_of(browser.get("/"))
    assert "Where to?" in page
    assert f'<option value="assistant:{guide.id}" selected' in page
    Assistant.objects.update(enabled=False)
    assert "Where to?" not in text_of(browser.get("/"))


def test_a_picture_is_shown_to_those_it_is_offered_to(
    browser: Client, signed_in: Callable[[str], Client], guide: Assistant
) -> None:
    address = f"/assistants/{guide.id}/picture"
    assert browser.get(address).status_code == 404
    set_picture(assistant=guide, picture=read_assistant_picture(media.picture("PNG", (900, 600))))
    assert f'src="{address}?v=' in text_of(browser.get("/welcome", {"choice": f"assistant:{guide.id}"}))
    shown = browser.get(address)
    assert shown["Content-Type"] == "image/webp"
    assert shown["Content-Security-Policy"].startswith("sandbox")
    assert b"".join(shown)
    factories.restrict(guide, Group.objects.create(name="Crew"))
    assert "Where to?" not in text_of(browser.get("/welcome", {"choice": f"assistant:{guide.id}"}))
    assert Client().get("/welcome").status_code == 302
    assert browser.get(address).status_code == 404
    assert signed_in("outsider").get(address).status_code == 404
    assert Client().get(address).status_code == 302
    staff = Client()
    staff.force_login(factories.person("staff", is_staff=True, is_superuser=True))
    assert staff.get(address).status_code == 200
    default_storage.delete(guide.picture.path)
    assert staff.get(address).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_replaced_picture_goes_and_one_in_use_stays() -> None:
    guide = Assistant.objects.create(name="Guide")
    for side in (40, 50):
        picture = read_assistant_picture(media.picture("PNG", (side, side)))
        set_picture(assistant=guide, picture=picture)
        assert StoredFile.objects.get() == guide.picture
    StoredFile.objects.update(created_at="2020-01-01T00:00Z")
    assert clear_unused_files() == 0
    set_picture(assistant=guide, picture=None)
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * MAX_PICTURE_BYTES, "too_large"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unreadable"),
        (b"\x89PNG\r\n\x1a\nbroken", "unreadable"),
    ],
)
def test_what_is_no_usable_picture_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(OperationError) as refused:
        read_assistant_picture(data)
    assert refused.value.code == code


def test_a_picture_waits_for_a_free_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.operations.files.pictures.UPLOAD_WAIT_SECONDS", 0.01)
    with (
        sandbox.FILES.places.taken(),
        sandbox.FILES.places.taken(),
        pytest.raises(OperationError) as refused,
    ):
        read_assistant_picture(media.picture("PNG", (4, 4)))
    assert refused.value.code == "busy"
