"""The admin and the account pages in a browser, with their content policy and without overflow on a phone."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.admin.staff_page import sign_in
from tests.support.server import Server

TABLES = ["apicall", "apikey", "assistant", "conversation", "frame", "languagemodel", "message", "modelprice"]
TABLES += ["project", "promptrevision", "providerconnection", "systemprompt", "turn", "turnevent", "user"]


def test_every_list_and_form_loads_with_its_content_policy(server: Server, page: Page) -> None:
    missing = sign_in(page, server, "")
    expect(page.get_by_text("Cost today")).to_be_visible()
    for table in TABLES:
        page.goto(f"{server.url}/admin/chat/{table}/")
        expect(page.locator("#changelist")).to_be_visible()
    for table in ("assistant", "systemprompt", "modelprice", "apikey", "user"):
        page.goto(f"{server.url}/admin/chat/{table}/add/")
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    page.goto(f"{server.url}/admin/chat/providerconnection/add/")
    page.get_by_role("link", name="Amazon Bedrock", exact=True).click()
    expect(page.get_by_label("Secret access key")).to_be_visible()
    expect(page.get_by_label("Project ID")).not_to_be_attached()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    assert missing == []


def test_a_connection_is_tested_and_a_prompt_reworded(server: Server, page: Page) -> None:
    missing = sign_in(page, server, "chat/providerconnection/")
    page.get_by_role("link", name="Simulator").first.click()
    page.get_by_role("link", name="Test").click()
    page.get_by_role("button", name="Test now").click()
    expect(page.get_by_text("Simulator: It works: claude-sonnet-5-5 answered in")).to_be_visible()
    page.locator("a[href$='/history/']").click()
    expect(page.locator("#change-history")).to_contain_text("Added")
    page.locator("#change-history a").first.click()
    expect(page.get_by_role("button", name="Revert")).to_be_visible()
    page.goto(f"{server.url}/admin/chat/apicall/")
    expect(page.locator("td.field-purpose", has_text="connection test")).to_be_visible()
    page.goto(f"{server.url}/admin/chat/systemprompt/add/")
    page.get_by_label("Name").fill("Voice")
    page.get_by_label("Block 1", exact=True).fill("Be brief.")
    page.get_by_label("Cache point after block 1").select_option("1h")
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("button", name="Add block").click()
    page.get_by_label("Block 2", exact=True).fill("Be kind.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Saved as revision 2.")).to_be_visible()
    assert missing == []


CLIPPING = """() => {
  const clipping = [];
  for (let node = document.getElementById("result_list"); node !== document.body; node = node.parentElement) {
    const { overflowY } = getComputedStyle(node);
    if (overflowY !== "visible" && node.scrollHeight > node.clientHeight + 1) clipping.push(node.className);
  }
  const last = document.querySelector("#result_list tbody:last-of-type tr:last-child");
  const list = document.getElementById("changelist-form");
  return { clipping, over: last.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom };
}"""


def test_a_list_is_printed_with_all_its_rows(server: Server, page: Page) -> None:
    missing = sign_in(page, server, "chat/modelprice/")
    expect(page.locator("#result_list")).to_be_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})
    expect(page.locator("#changelist-search")).to_be_hidden()
    found = page.evaluate(CLIPPING)
    assert found["clipping"] == []
    assert found["over"] <= 0
    assert missing == []


def test_account_pages_fit_a_phone(server: Server, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context(viewport={"width": 360, "height": 740}, color_scheme="dark").new_page()
    sign_in(page, server, "")
    for path in ("email/", "password/change/", "2fa/", "2fa/totp/activate/", "logout/"):
        page.goto(f"{server.url}/accounts/{path}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_assistant_form_offers_what_its_model_supports(server: Server, page: Page) -> None:
    sign_in(page, server, "chat/assistant/add/")
    thinking, effort = page.locator("#id_thinking"), page.locator("#id_effort")
    page.locator("#id_model").select_option(label="Claude Opus 5.5 (simulated)")
    expect(thinking.locator("option[value=off]")).to_be_disabled()
    page.locator("#id_model").select_option(label="Claude Sonnet 5.5 (simulated)")
    effort.select_option("max")
    thinking.select_option("off")
    expect(effort).to_have_value("")
    expect(effort.locator("option[value=xhigh]")).to_be_disabled()
    expect(effort.locator("option[value=high]")).to_be_enabled()
    page.locator("#id_model").select_option("")
    expect(effort.locator("option[value=xhigh]")).to_be_enabled()


def test_lists_with_switches_fit_their_page(server: Server, page: Page) -> None:
    sign_in(page, server, "")
    server.shell(
        "from chat.models import Assistant\n"
        "Assistant.objects.create(name='The assistant for questions about travel, hotels and expenses')"
    )
    for table in ("languagemodel", "assistant"):
        page.goto(f"{server.url}/admin/chat/{table}/")
        expect(page.locator("#result_list td.field-enabled").first).to_be_in_viewport(ratio=1)
        box = page.locator("#result_list").evaluate("n => [n.scrollWidth, n.parentElement.clientWidth]")
        assert box[0] <= box[1], table
