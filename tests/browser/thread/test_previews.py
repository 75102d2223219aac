"""Previews of artifacts: what reaches neither the network nor the page around, and pages that broke in other chats."""

import functools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import OpenChat
from tests.support.chromium import Watch

pytestmark = pytest.mark.usefixtures("network_log")


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
CASES = json.loads((WORLD / "previews.json").read_text())
SHOW = """async (texts) => {
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
        texts = [text.replace("{url}", url).replace("{port}", str(port)) for text in CASES["hostile"]]
        pages = chat.page.context.pages
        chat.page.evaluate(SHOW, texts)
        chat.page.wait_for_timeout(500)
        assert heard == []
    assert chat.page.evaluate("[window.hit, document.cookie.includes('a=b'), location.pathname]") == [
        None,
        False,
        "/",
    ]
    assert chat.page.locator("#place iframe").get_attribute("sandbox") == "allow-scripts"
    assert chat.page.context.pages == pages
    # The policies refuse what the pages ask for, and say so on the console. The listener shows that nothing has left.
    watch.errors.clear()
    watch.foreign.clear()


# Shows one artifact, in an element with the id "place".
SHOW_ONE = """async ({ kind, text }) => {
  const { showPreview } = await import("parley/artifacts/preview.js");
  document.getElementById("place")?.remove();
  const place = document.createElement("div");
  place.id = "place";
  document.getElementById("main").append(place);
  showPreview(place, { kind, text, title: "x" }, { onescape: () => {} });
}"""
DRAWN = """async (image) => {
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 4, height: 4 });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 4, 4);
  return context.getImageData(1, 1, 1, 1).data[3] > 0;
}"""
REPORTED: list[dict[str, Any]] = CASES["reported"]


@pytest.fixture(scope="module")
def pages() -> list[dict[str, Any]]:
    return [case for case in REPORTED if case["kind"] == "html"]


def test_pages_that_broke_in_other_chats_work(
    chat: ChatPage, watch: Watch, pages: list[dict[str, Any]]
) -> None:
    place = chat.page.locator("#place")
    entries = chat.page.evaluate("history.length")
    for case in pages:
        chat.page.evaluate(SHOW_ONE, case)
        frame = place.frame_locator("iframe")
        expect(frame.locator("#out")).to_be_attached()
        if "press" in case:
            frame.locator(case["press"]).click()
        for key in case.get("keys", []):
            frame.locator(case["press"]).press(key)
        expect(frame.locator("#out"), case["about"]).to_have_text(case["shows"])
        if "note" in case:
            expect(place).to_contain_text(case["note"])
        else:
            assert place.inner_text().strip() == "", case["about"]
    assert chat.page.evaluate("[location.pathname, history.length]") == ["/", entries]


# What the frame stands in for, one page each: what it holds, what is pressed, what its #out says, what the panel says.
STORAGE = """<p id=out></p><script>
  const kept = sessionStorage, told = [];
  kept.a = 1; kept.setItem("b", 2); told.push(typeof kept.b, kept.key(1), kept.key(2));
  delete kept.a; told.push(kept.a, kept.length);
  kept.removeItem("b"); told.push(kept.getItem("b"));
  localStorage.c = 3; localStorage.clear(); told.push(localStorage.length);
  document.getElementById("out").textContent = told.join();
</script>"""
FORM = """<form id=f {form}><input id=field {field}><button id=go {button}>x</button></form><p id=out>-</p><script>
  let times = 0;
  document.getElementById("f").onsubmit = ({ submitter }) => {
    document.getElementById("out").textContent = `${times += 1} ${submitter?.id}`;
  };
</script>"""
DIALOG = """<dialog id=d><form method=dialog><button id=go value=yes>x</button></form></dialog><p id=out>-</p><script>
  const dialog = document.getElementById("d");
  dialog.onclose = () => { document.getElementById("out").textContent = dialog.returnValue; };
  dialog.showModal();
</script>"""
LINK = """<a id=go href="javascript:say('a%20b')">x</a><p id=out>-</p><script>
  function say(words) { document.getElementById("out").textContent = words; }
</script>"""
PRINT = "<p id=out></p><script>print(); document.getElementById('out').textContent = 'on'</script>"
# Its words reach the panel after what a link would say.
KEPT = """<a id=go href="https://example.org/" onclick="setTimeout(alert, 0, 'after'); return false">x</a>
<p id=out>-</p>"""
THROWS = '<p id=out>-</p><button id=go onclick="{}">x</button>'


def form(**attributes: str) -> str:
    names = ("form", "field", "button")
    return functools.reduce(
        lambda page, name: page.replace(f"{{{name}}}", attributes.get(name, "")), names, FORM
    )


STAND_INS = {
    "storage": (STORAGE, "", "string,b,,,1,,0", ""),
    "print": (PRINT, "", "on", ""),
    "a form's button": (form(), "#go", "1 go", ""),
    "Enter in a form with a button": (form(), "#field", "1 go", ""),
    "an empty field that is required": (form(field="required"), "#go", "-", ""),
    "no check of a form": (form(field="required", form="novalidate"), "#go", "1 go", ""),
    "no check by a button": (form(field="required", button="formnovalidate"), "#go", "1 go", ""),
    "a dialog's form": (DIALOG, "#go", "yes", ""),
    "an encoded link to a script": (LINK, "#go", "a b", ""),
    "a link that the page follows itself": (KEPT, "#go", "-", "after"),
    "an error": (THROWS.format("throw new Error('broken')"), "#go", "-", "broken"),
    "a refused promise": (THROWS.format("Promise.reject(new Error('refused'))"), "#go", "-", "refused"),
}


def test_stand_ins_do_what_pages_expect(chat: ChatPage, watch: Watch) -> None:
    place = chat.page.locator("#place")
    for about, (text, press, shows, note) in STAND_INS.items():
        chat.page.evaluate(SHOW_ONE, {"kind": "html", "text": text})
        frame = place.frame_locator("iframe")
        expect(frame.locator("#out"), about).to_be_attached()
        if press == "#field":
            frame.locator(press).press("Enter")
        elif press:
            frame.locator(press).click()
        expect(frame.locator("#out"), about).to_have_text(shows)
        if note:
            expect(place, about).to_contain_text(note)
            expect(place, about).not_to_contain_text("https://")
        else:
            assert place.inner_text().strip() == "", about
    # The errors are the pages' own.
    watch.errors = [error for error in watch.errors if "broken" not in error and "refused" not in error]


def test_a_preview_names_what_is_blocked_and_escape_leaves_it(chat: ChatPage, watch: Watch) -> None:
    page = "<p id=out tabindex=0>-</p><script>fetch('https://blocked.example/a').catch(() => 0)</script>"
    chat.page.evaluate(
        SHOW_ONE.replace("onescape: () => {}", "onescape: () => (window.escaped = true)"),
        {"kind": "html", "text": page},
    )
    place = chat.page.locator("#place")
    expect(place).to_contain_text("blocked.example")
    place.frame_locator("iframe").locator("#out").press("Escape")
    chat.page.wait_for_function("() => window.escaped")
    # The policy refuses the address, and says so on the console.
    watch.errors.clear()
    watch.foreign.clear()


def test_pictures_that_broke_in_other_chats_are_drawn(chat: ChatPage, watch: Watch) -> None:
    place = chat.page.locator("#place")
    for case in REPORTED:
        if case["kind"] != "svg":
            continue
        chat.page.evaluate(SHOW_ONE, case)
        if case["drawn"]:
            assert place.locator("img").evaluate(DRAWN), case["about"]
        else:
            expect(place).to_contain_text("can’t be shown")
    assert chat.page.evaluate("window.hit") is None
    # What is no XML is read within this page, whose policy refuses its handlers, and says so on the console.
    watch.errors.clear()
