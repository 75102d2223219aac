"""The panel of an artifact: preview in a sandbox, source, versions with their changes, and asking for a change."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenChat, Parley
from tests.support.chromium import Watch

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
    expect(chat.answers).to_have_count(15)
    chat.answer.get_by_role("button", name="Open", exact=True).click()
    expect(place).to_have_text("40 / 40")
    for version in range(39, 24, -1):  # the page has the last 15
        panel.locator('[data-step="-1"]').click()
        expect(place).to_have_text(f"{version} / 40")
    expect(frame.locator("#out")).to_have_text("runs 25")
    panel.locator("[data-view=changes]").click()
    expect(panel.locator("del").first).to_have_text("<h1>Clock 24</h1>")
    # More of the page is loaded, and the numbers stay.
    panel.locator("[data-close]").click()
    page.get_by_role("button", name="Show earlier messages").click()
    expect(chat.answers).to_have_count(30)
    chat.answers.first.get_by_role("button", name="Open", exact=True).click()
    expect(place).to_have_text("11 / 40")
    # A page around a message that was looked for ends before the conversation does.
    chat.open(f"/c/{made}?message={middle}")
    answer = page.locator(".message--answer", has_text="Clock 20")
    answer.get_by_role("button", name="Open", exact=True).click()
    expect(place).to_have_text("20 / 40")
    panel.locator('[data-step="1"]').click()
    expect(frame.locator("#out")).to_have_text("runs 21")


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port on loopback and what was said to it, over TCP and UDP."""
    heard: list[bytes] = []
    tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port = tcp.getsockname()[1]
    udp.bind(("127.0.0.1", port))

    def accept() -> None:
        while True:
            try:
                other, _ = tcp.accept()
            except OSError:
                return
            other.settimeout(1)
            try:
                heard.append(other.recv(100))
            except OSError:
                heard.append(b"connected")
            other.close()

    def receive() -> None:
        while True:
            try:
                heard.append(udp.recv(100))
            except OSError:
                return

    for run in (accept, receive):
        threading.Thread(target=run, daemon=True).start()
    try:
        yield port, heard
    finally:
        tcp.close()
        udp.close()


# Each tries to reach the listener or the page around it. {url} is the listener's address.
WORLD = Path(__file__).parents[2] / "world" / "rendering"
HOSTILE = json.loads((WORLD / "previews.json").read_text())
SHOW = """async ([texts, frame]) => {
  const { showPreview } = await import("parley/artifacts/preview.js");
  const place = document.createElement("div");
  place.id = "place";
  document.getElementById("main").append(place);
  for (const text of texts) {
    showPreview(place, { kind: "html", text, title: "x" }, { onescape: () => {} });
    const { contentWindow } = place.querySelector("iframe");
    await new Promise((resolve) => addEventListener("message", function ready({ source, data }) {
      if (source !== contentWindow || !data.ready) return;
      removeEventListener("message", ready);
      resolve();
    }));
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}"""


def test_no_preview_reaches_the_network_or_the_page(open_chat: OpenChat, watch: Watch) -> None:
    chat = open_chat()
    with listener() as (port, heard):
        url = f"http://127.0.0.1:{port}"
        texts = [text.replace("{url}", url).replace("{port}", str(port)) for text in HOSTILE]
        chat.page.evaluate(SHOW, [texts, ""])
        chat.page.wait_for_timeout(500)
        assert heard == []
    assert chat.page.evaluate("[window.hit, document.cookie.includes('a=b'), location.pathname]") == [
        None,
        False,
        "/",
    ]
    assert chat.page.locator("#place iframe").get_attribute("sandbox") == "allow-scripts"
    assert len(chat.page.context.pages) == 1
    # The policies refuse what the pages ask for, and say so on the console. The listener shows that nothing has left.
    watch.errors.clear()
    watch.foreign.clear()
