"""The panel of an artifact: preview in a sandbox, source, versions with their changes, and asking for a change."""

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.checks import PHONE, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenChat, Parley

pytestmark = pytest.mark.usefixtures("network_log")

CLOCK = """```html
<!doctype html>
<html>
<head><title>Clock</title><style>body { font: 20px sans-serif }</style></head>
<body>
<h1>Clock {version}</h1>
<form onsubmit="event.preventDefault(); document.getElementById('out').textContent = 'sent'">
<input name="a" required value="x"><button>Go</button></form>
<p id="out"></p>
<script>
localStorage.setItem("n", "{version}");
document.getElementById("out").textContent = "runs " + localStorage.getItem("n");
</script>
</body>
</html>
```
"""


def clock(version: int) -> str:
    return "[[scenario:echo]]" + CLOCK.replace("{version}", str(version))


@pytest.mark.parametrize(
    ("language", "options", "words"),
    [
        ("en", {"viewport": {"width": 1440, "height": 900}}, ("Open", "Source", "Changes", "Preview")),
        ("ko", PHONE, ("열기", "소스", "변경 사항", "미리보기")),
    ],
    ids=["1440 px, English, keys", "390 px, Korean, touch"],
)
def test_an_artifact_is_seen_compared_and_changed(
    open_chat: OpenChat, language: str, options: dict[str, Any], words: tuple[str, ...]
) -> None:
    opens, source, _changes, preview = words
    chat = open_chat(name="korean" if language == "ko" else "insider", locale=language, **options)
    page = chat.page
    chat.ask(clock(1)).ask(clock(2))
    button = chat.answer.get_by_role("button", name=opens, exact=True)
    button.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#artifact")
    expect(panel.locator("[data-title]")).to_have_text("Clock")
    expect(panel.locator("[data-title]")).to_be_focused()
    expect(panel.locator("[data-place]")).to_have_text("2 / 2")
    frame = panel.frame_locator("iframe")
    expect(frame.locator("#out")).to_have_text("runs 2")
    frame.get_by_role("button", name="Go").click()
    expect(frame.locator("#out")).to_have_text("sent")
    check_width(page)
    check_both_themes(page)
    panel.locator("[data-view=changes]").click()
    expect(panel.locator("del")).to_have_text(["<h1>Clock 1</h1>", 'localStorage.setItem("n", "1");'])
    expect(panel.locator("ins")).to_have_text(["<h1>Clock 2</h1>", 'localStorage.setItem("n", "2");'])
    panel.locator('[data-step="-1"]').click()
    expect(panel.locator("[data-place]")).to_have_text("1 / 2")
    expect(frame.locator("#out")).to_have_text("runs 1")
    panel.locator('[data-step="1"]').click()
    panel.get_by_role("button", name=source, exact=True).click()
    expect(panel.locator(".source code")).to_contain_text("<h1>Clock 2</h1>")
    if options == PHONE:
        check_touch_targets(page)
    with page.expect_download() as saved:
        panel.locator("[data-save]").click()
    assert saved.value.suggested_filename == "Clock.html"
    panel.locator("[name=from]").fill("5")
    panel.locator("[name=to]").fill("6")
    expect(panel.locator("[data-band]")).to_be_visible()
    panel.locator("[name=wish]").fill("Make it red")
    panel.locator("[data-edit-lines] button").click()
    question = page.locator(".message--person").last
    expect(question).to_contain_text("Make it red")
    expect(question).to_contain_text("```html\n<h1>Clock 2</h1>\n<form onsubmit")
    chat.await_end()
    if options == PHONE:
        expect(panel).to_be_hidden()
    else:
        panel.get_by_role("button", name=preview, exact=True).click()
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(chat.answers.nth(1).get_by_role("button", name=opens, exact=True)).to_be_focused()


def test_versions_are_counted_while_more_is_loaded(open_chat: OpenChat, parley: Parley) -> None:
    chat = open_chat(f"/c/{parley.run(LONG).split()[0]}")
    held: list[Route] = []
    chat.page.route("**/code?*", lambda route: route.continue_() if held else held.append(route))
    chat.answer.get_by_role("button", name="Open", exact=True).click()
    chat.page.locator("#main").evaluate("node => node.scrollTo(0, 0)")
    expect(chat.answers).to_have_count(20)
    held[0].continue_()
    expect(chat.page.locator("#artifact [data-place]")).to_have_text("40 / 40")


LONG = """
from tests import factories
from tests.browser.thread.test_artifacts import CLOCK
texts = [text for n in range(1, 41) for text in (f"Question {n}", CLOCK.replace("{version}", str(n)))]
made = factories.conversation(factories.person("insider"), *texts, title="Clocks")
print(made.id, made.messages.get(text="Question 20").id)
"""


@pytest.mark.parametrize(
    "options", [{"viewport": {"width": 1440, "height": 900}}, PHONE], ids=["wide", "phone"]
)
def test_versions_are_counted_beyond_what_is_loaded(
    open_chat: OpenChat, parley: Parley, options: dict[str, Any]
) -> None:
    made, middle = parley.run(LONG).split()
    chat = open_chat(f"/c/{made}", **options)
    page, panel = chat.page, chat.page.locator("#artifact")
    place, frame = panel.locator("[data-place]"), panel.frame_locator("iframe")
    expect(chat.answers).to_have_count(10)
    chat.answer.get_by_role("button", name="Open", exact=True).click()
    expect(place).to_have_text("40 / 40")
    for version in range(39, 29, -1):  # the page has the last 10
        panel.locator('[data-step="-1"]').click()
        expect(place).to_have_text(f"{version} / 40")
    expect(frame.locator("#out")).to_have_text("runs 30")
    panel.locator("[data-view=changes]").click()
    expect(panel.locator("del").first).to_have_text("<h1>Clock 29</h1>")
    # More of the page is loaded, and the numbers stay.
    panel.locator("[data-close]").click()
    page.locator("#main").evaluate("node => node.scrollTo(0, 0)")
    expect(chat.answers).to_have_count(20)
    chat.answers.first.get_by_role("button", name="Open", exact=True).click()
    expect(place).to_have_text("21 / 40")
    # A page around a message that was looked for ends before the conversation does.
    chat.open(f"/c/{made}?message={middle}")
    answer = page.locator(".message--answer", has_text="Clock 20")
    answer.get_by_role("button", name="Open", exact=True).click()
    expect(place).to_have_text("20 / 40")
    panel.locator('[data-step="1"]').click()
    expect(frame.locator("#out")).to_have_text("runs 21")
