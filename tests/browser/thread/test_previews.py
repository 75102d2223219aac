"""Previews of artifacts: what reaches neither the network nor the page around, and pages that broke in other chats."""

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
        chat.page.evaluate(SHOW, texts)
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
