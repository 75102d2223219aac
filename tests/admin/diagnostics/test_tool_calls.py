"""Tool calls for staff: decisions are shown in words."""

import re

import pytest
from django.test import Client

from chat.models import ToolCall
from tests.admin.world import World


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Allowed", "Allowed with edited input", "Denied"]),
        ("ko", ["허용됨", "수정한 입력으로 허용됨", "거부됨"]),
    ],
)
def test_the_filter_of_decisions_has_words(
    world: World, root: Client, language: str, words: list[str]
) -> None:
    ToolCall.objects.update(decision="edit")
    page = root.get(world.url("chat_toolcall"), HTTP_ACCEPT_LANGUAGE=language).content.decode()
    texts = [text.strip() for text in re.findall(r">([^<>]+)<", page)]
    assert set(words) <= set(texts)
    assert "edit" not in texts
