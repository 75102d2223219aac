"""Diagrams are drawn in a sandbox when their block is closed, as pictures in a box that moves nothing that is read."""

import io
import json
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE, check_both_themes, check_width
from tests.browser.conftest import OpenChat
from tests.support.chromium import Watch

FLOW = """Before.

```mermaid
graph TD
  A[시작] --> B{맞나요?}
  B -->|예| C[끝]
```

After the diagram.
"""
# Notes the heights of the box until it takes its own.
RECORD = """() => {
  window.heights = [];
  const look = () => {
    const box = document.querySelector(".message--answer .code--diagram");
    if (box && !box.hasAttribute("data-settled")) window.heights.push(Math.round(box.getBoundingClientRect().height));
    requestAnimationFrame(look);
  };
  look();
}"""
# The distance between the box and its picture, above and below, without the head; and the picture's two ratios.
AROUND = """(picture) => {
  const box = picture.closest(".code").getBoundingClientRect();
  const head = picture.closest(".code").querySelector(".code__head").getBoundingClientRect().height;
  const { width, height } = picture.getBoundingClientRect();
  return {
    blank: box.height - head - height,
    stretched: Math.abs(width / height - picture.naturalWidth / picture.naturalHeight),
    height,
  };
}"""


@pytest.mark.parametrize(
    ("language", "options", "labels"),
    [
        ("en", {}, {"code": "Show the code", "larger": "Diagram", "close": "Close"}),
        ("ko", PHONE, {"code": "코드 보기", "larger": "다이어그램", "close": "닫기"}),
    ],
    ids=["1440 px, English", "390 px, Korean"],
)
def test_a_diagram_takes_the_place_of_its_code(
    open_chat: OpenChat, language: str, options: dict[str, object], labels: dict[str, str]
) -> None:
    chat = open_chat(name="korean" if language == "ko" else "insider", locale=language, **options)
    page = chat.page
    page.evaluate(RECORD)
    chat.ask(f"[[scenario:echo pace=60]]{FLOW}")
    box = chat.text.locator(".code--diagram")
    picture = box.locator("parley-diagram img")
    expect(picture).to_be_visible()
    expect(box.locator("pre")).to_be_hidden()
    assert picture.evaluate("image => image.src.startsWith('data:image/svg+xml') && image.naturalWidth > 50")
    heights = page.evaluate("window.heights")
    assert max(heights) - min(heights) <= 1, (min(heights), max(heights))
    expect(box).to_have_attribute("data-settled", "")
    around = picture.evaluate(AROUND)
    assert around["blank"] < 24, around
    assert around["stretched"] < 0.05, around
    expect(page.locator("#main[data-follows]")).to_be_attached()
    button = box.get_by_role("button", name=labels["code"])
    button.focus()
    page.keyboard.press("Enter")
    expect(box.locator("pre")).to_be_visible()
    expect(picture).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.press("Enter")
    check_width(page)
    box.get_by_role("button", name=labels["larger"]).click()
    viewer = page.locator("#picture")
    expect(viewer.locator("img")).to_be_visible()
    expect(viewer.locator("[data-original]")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    light = picture.get_attribute("src")
    check_both_themes(page)
    page.emulate_media(color_scheme="dark")
    expect(picture).not_to_have_attribute("src", light or "")
    page.reload()
    expect(picture).to_be_visible()


FLAT = "```mermaid\ngraph LR\n  A --> B --> C\n```"
TALL = "```mermaid\ngraph TD\n" + "\n".join(f"  A{n} --> A{n + 1}" for n in range(20)) + "\n```"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_diagram_is_dark_on_white_on_paper(open_chat: OpenChat, scheme: Literal["light", "dark"]) -> None:
    chat = open_chat(color_scheme=scheme)
    chat.ask(f"[[scenario:echo]]{FLAT}")
    picture = chat.text.locator("parley-diagram img")
    expect(picture).to_be_visible()
    chat.page.emulate_media(media="print", color_scheme=scheme)
    shot = Image.open(io.BytesIO(picture.screenshot())).convert("L")
    in_the_first_box = shot.tobytes()[shot.width * (shot.height // 2) + 16]
    assert in_the_first_box > 190


PLACE = "element => Math.round(element.getBoundingClientRect().top)"


def test_a_diagram_is_as_high_as_its_picture_up_to_a_limit(chat: ChatPage) -> None:
    chat.ask(f"[[scenario:echo pace=2000]]{FLAT}\n\nBetween.\n\n{TALL}\n\nAfter.")
    pictures = chat.text.locator("parley-diagram img")
    expect(pictures).to_have_count(2)
    expect(chat.text.locator(".code--diagram[data-settled]")).to_have_count(2)
    flat, tall = (pictures.nth(place).evaluate(AROUND) for place in range(2))
    assert flat["height"] < 120
    assert tall["height"] == 480
    for around in (flat, tall):
        assert around["blank"] < 24
        assert around["stretched"] < 0.05


# Puts a text before the answer and returns where its last paragraph stands, before anything in it is drawn.
PREPEND = """(text) => {
  const box = document.createElement("parley-markdown");
  box.id = "shown";
  box.className = "markdown";
  box.textContent = text;
  document.getElementById("thread").prepend(box);
  return Math.round(box.lastElementChild.getBoundingClientRect().top);
}"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def test_a_diagram_in_view_moves_nothing_that_is_read(open_chat: OpenChat) -> None:
    chat = open_chat(viewport={"width": 1280, "height": 700})
    page = chat.page
    chat.ask("[[scenario:echo pace=4000]]" + "More.\n\n" * 80)
    page.mouse.move(600, 300)
    page.mouse.wheel(0, -20_000)
    expect(page.locator("#main:not([data-follows])")).to_be_attached()
    expect(page.locator(".message--person").first).to_be_in_viewport()
    before = page.evaluate(PREPEND, f"{FLAT}\n\nBelow.")
    box = page.locator("#shown .code--diagram")
    expect(box.locator("img")).to_be_visible()
    page.evaluate(TWO_FRAMES)
    assert page.locator("#shown > p").evaluate(PLACE) == before
    expect(box).not_to_have_attribute("data-settled", "")
    # Out of view it takes its own height, and what is in view stays.
    line = chat.text.locator("p").nth(30)
    before = line.evaluate(
        """(line) => {
          document.getElementById("main").scrollTop += 1000;
          return Math.round(line.getBoundingClientRect().top);
        }"""
    )
    expect(box).to_have_attribute("data-settled", "")
    page.evaluate(TWO_FRAMES)
    assert abs(line.evaluate(PLACE) - before) <= 1


# Inputs that broke Mermaid or pages with it: scripts, links, styles, images, loops, and errors that were drawn.
WORLD = Path(__file__).parents[2] / "world" / "rendering"
CASES = json.loads((WORLD / "diagrams.json").read_text())
BROKEN = [
    "graph TD\n  A --",
    "not a diagram",
    "graph TD\n" + "\n".join(f"  A{n} --> A{n + 1}" for n in range(900)),
]
DRAW = """async (sources) => {
  const { drawDiagram } = await import("parley/diagrams/painter.js");
  return Promise.all(sources.map((source) => drawDiagram(source)));
}"""


def test_no_diagram_runs_loads_or_leaves_anything(chat: ChatPage, watch: Watch) -> None:
    page = chat.page
    drawn = page.evaluate(DRAW, [*CASES["hostile"], *BROKEN])
    assert all("address" in one or "problem" in one for one in drawn)
    assert [one.get("problem") for one in drawn[-len(BROKEN) :]] == ["unreadable"] * len(BROKEN)
    for one in drawn:
        if "address" in one:
            page.evaluate(
                """async (address) => {
                  const image = new Image();
                  image.src = address;
                  document.getElementById("main").append(image);
                  await image.decode();
                }""",
                one["address"],
            )
    assert page.evaluate("window.hit") is None
    # What it could not draw is not left below the page.
    assert page.locator("[id^=diagram], [id^=ddiagram]").count() == 0
    frame = page.locator("iframe.diagram-frame")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert page.evaluate("document.querySelector('iframe.diagram-frame').contentDocument") is None
    # The frame's policy refuses what it asks for, and says so on the console.
    watch.errors.clear()


def test_diagrams_that_broke_other_chats_are_drawn_or_refused(chat: ChatPage) -> None:
    reported = CASES["reported"]
    drawn = chat.page.evaluate(DRAW, [case["text"] for case in reported])
    for case, one in zip(reported, drawn, strict=True):
        assert ("address" in one) == case["drawn"], case["source"]
        assert case["drawn"] or one["problem"] == "unreadable", case["source"]
        if case["drawn"]:
            chat.page.evaluate(
                "address => Object.assign(new Image(), { src: address }).decode()", one["address"]
            )


def test_what_mermaid_reads_is_drawn_as_it_is_written(chat: ChatPage) -> None:
    # Two statements on a line, which the repair of a message with a semicolon would make one.
    (drawn,) = chat.page.evaluate(DRAW, ["sequenceDiagram\n  A->>B: one; B->>A: two"])
    assert unquote(drawn["address"]).count('class="messageText"') == 2
    assert chat.page.evaluate(DRAW, ["graph TD\n  A[" + "x" * 20_000 + "]"]) == [{"problem": "large"}]


def test_an_unreadable_diagram_stays_code_with_a_sentence(chat: ChatPage) -> None:
    broken = next(case["text"] for case in CASES["reported"] if not case["drawn"])
    chat.ask(f"[[scenario:echo pace=400]]```mermaid\n{broken}\n```\n\nAfter.")
    box = chat.text.locator(".code--diagram")
    expect(box.locator(".diagram__problem")).to_contain_text("can’t be drawn")
    expect(box.locator("pre")).to_have_text(broken)
    expect(box.locator("[data-show-source]")).to_be_hidden()
    assert chat.page.locator("[id^=diagram], [id^=ddiagram]").count() == 0


def test_a_diagram_that_never_ends_is_given_up(chat: ChatPage) -> None:
    page = chat.page
    assert "address" in page.evaluate(DRAW, ["graph TD\n  A --> B"])[0]
    # A frame that answers nothing any more, as one that is busy without end.
    page.evaluate("document.querySelector('iframe.diagram-frame').src = 'about:blank'")
    page.wait_for_timeout(100)
    assert page.evaluate(DRAW, ["graph TD\n  C --> D"])[0] == {"problem": "slow"}
    assert "address" in page.evaluate(DRAW, ["graph TD\n  E --> F"])[0]
