"""What models answered when other programs asked them for a title, as public issues show it."""

import pytest

from chat.operations.conversations.title_text import title_from_answer


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        # open-webui/open-webui#2406: bold letters that the list of chats shows as stars.
        ("**Malicious Code Detection**", "Malicious Code Detection"),
        # open-webui/open-webui#8895: thoughts before the title, or nothing but the beginning of thoughts.
        (
            "<think>Alright, I need to create a concise title with an emoji for this chat history</think>\n\nHostnames",
            "Hostnames",
        ),
        ("<think>Alright, I need to create a concise title with an emoji for this chat history about", ""),
        # BoltAI/BoltAI#246: the opening sign alone.
        ("<think>", ""),
        # open-webui/open-webui#29821: an object, which models fence though they are asked not to.
        ('{"title": "📈 Stock Market Trends"}', "📈 Stock Market Trends"),
        ('```json\n{ "title": "🍪 Perfect Chocolate Chip Recipe" }\n```', "🍪 Perfect Chocolate Chip Recipe"),
        # open-webui/open-webui#16462: an answer that is right is left as it is.
        ("Univention Server Roles Explained", "Univention Server Roles Explained"),
        # yoloyash/overtchat#98: a reply to the conversation in place of its title.
        ("Sure! I can help you with setting up nginx. First, which port does your container use?", ""),
    ],
)
def test_titles_of_other_programs(answer: str, title: str) -> None:
    assert title_from_answer(answer) == title
