"""The line below the message field: tokens and price of what is about to be sent, as far as a person may see costs."""

import json
from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation, LanguageModel, User, Workspace
from tests import factories


@pytest.fixture
def model(db: None) -> LanguageModel:
    return factories.language_model()


def ask(client: Client, **fields: Any) -> Any:
    sent = {"text": "x" * 3000, **fields}
    return client.post("/estimate", json.dumps(sent), content_type="application/json")


def test_the_line_has_tokens_and_a_rounded_price(browser: Client, model: LanguageModel) -> None:
    told = ask(browser, model=str(model.id), file_tokens=10_000).json()
    assert told["words"] == "≈ 11,000 tokens · about $0.04 to send"
    assert (told["draft_tokens"], told["used_tokens"], told["exact"]) == (11_000, 0, False)


def test_staff_see_all_digits(browser: Client, insider: User, model: LanguageModel) -> None:
    User.objects.filter(pk=insider.pk).update(is_staff=True)
    assert ask(browser, model=str(model.id)).json()["words"] == "≈ 1,000 tokens · about $0.003 to send"


def test_the_cached_part_is_named(browser: Client, chat: Conversation, model: LanguageModel) -> None:
    turn = chat.turns.get()
    usage = {"input_tokens": 0, "cache_creation_input_tokens": 9_000, "output_tokens": 0}
    turn.api_calls.update(
        usage=usage, input_tokens=0, output_tokens=0, cache_write_5m_tokens=9_000, frame_digest=turn.frame_id
    )
    told = ask(browser, conversation=str(chat.id), model=str(model.id)).json()
    assert told["words"] == "≈ 10,000 tokens · about < 1¢ to send, 9,000 of them cached"


@pytest.mark.parametrize("hidden_by", ["workspace", "no price"])
def test_without_a_price_only_tokens_are_named(browser: Client, model: LanguageModel, hidden_by: str) -> None:
    if hidden_by == "workspace":
        Workspace.objects.create(shows_costs=False)
    else:
        model.prices.all().delete()
    assert ask(browser, model=str(model.id)).json()["words"] == "≈ 1,000 tokens"


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", '{"text": 5}', '{"text": "a", "file_tokens": "1"}', '{"text": "a", "file_tokens": -1}',
     '{"text": "a", "effort": "extreme"}'],
)  # fmt: skip
def test_wrong_values_are_refused(browser: Client, model: LanguageModel, body: str) -> None:
    answer = browser.post("/estimate", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("name", ["colleague", "outsider"])
def test_others_learn_nothing(signed_in: Any, chat: Conversation, model: LanguageModel, name: str) -> None:
    assert ask(signed_in(name), conversation=str(chat.id)).status_code == 404


def test_signed_out_people_are_sent_to_sign_in(client: Client, db: None) -> None:
    assert ask(client).status_code == 302
