"""Pages on which a conversation is only read show its formulas and diagrams as the chat does."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_width
from tests.browser.conftest import OpenContext, Parley

TEXT = r"""The drop is $h = \frac{v^2}{2g}$.

\[ \int_0^1 x \, dx = \frac{1}{2} \]

```mermaid
graph LR
  A[Mill] --> B[Weir]
```
"""
MAKE = f"""
from chat.operations.sharing.shares import create_share
from tests import factories
chat = factories.conversation(factories.person("insider"), "How far?", {TEXT!r}, title="Drop")
share = create_share(user=chat.owner, conversation_id=str(chat.id))
print(f"/s/{{share.token}} /c/{{chat.id}}/print")
"""


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_formulas_and_diagrams_are_shown(
    signed_in_context: OpenContext, parley: Parley, options: dict[str, object]
) -> None:
    page = signed_in_context(**options).new_page()
    for path in parley.run(MAKE).split():
        page.goto(parley.url + path)
        expect(page.locator(".message--answer [data-set]")).to_have_count(2)
        # The style sheet of formulas hides what screen readers read beside them.
        expect(page.locator(".katex-mathml").first).to_have_css("position", "absolute")
        expect(page.locator("parley-diagram img")).to_be_visible()
        expect(page.locator(".code--diagram pre")).to_be_hidden()
        expect(page.locator(".message--answer")).not_to_contain_text("graph LR", use_inner_text=True)
        page.get_by_role("button", name="Show the code").click()
        expect(page.locator(".code--diagram pre")).to_be_visible()
        check_width(page)
