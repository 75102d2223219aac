"""Markdown is safe, however it is cut into deltas: no script runs, nothing is loaded, nothing is submitted."""

import json
import random
import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.support.chromium import Watch

CORPUS = [
    "<script>window.hit = 1</script>",
    "<img src=x onerror=window.hit=1>",
    "<img src='https://evil.example/a.png'>",
    "![pixel](https://evil.example/p.png)",
    "![data](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "![ref][x]\n\n[x]: https://evil.example/ref.png",
    "[click](javascript:window.hit=1)",
    "[click](JaVaScRiPt&colon;window.hit=1)",
    "[click](data:text/html,<script>window.hit=1</script>)",
    "[click](vbscript:x) [file](file:///etc/passwd) [own](/accounts/logout/) [hash](#page)",
    "<a href='https://evil.example' onclick='window.hit=1' style='position:fixed;inset:0' id=page name=page>x</a>",
    "<svg onload=window.hit=1><use href='https://evil.example/s.svg#a'/></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1></style></mglyph></table></mtext></math>",
    "<style>@import 'https://evil.example/c.css'; body{background:url(https://evil.example/b.png)}</style>",
    "<iframe src='https://evil.example'></iframe><object data='https://evil.example'></object>",
    "<form action='https://evil.example'><input name=csrf autofocus onfocus=window.hit=1><button>Go</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'><base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'><link rel=prefetch href='https://evil.example'>",
    "<video src='https://evil.example/v.mp4' autoplay></video><audio src='https://evil.example/a.mp3'></audio>",
    "<div id='message' class='composer'>clobber</div><input id='page' name='cookie'>",
    "<details open ontoggle=window.hit=1><summary>s</summary></details>",
    "<template><script>window.hit=1</script></template><parley-markdown><b>deep</b></parley-markdown>",
    "</parley-markdown></article><script>window.hit=1</script>",
    "`<img src=x onerror=window.hit=1>`\n\n```html\n<script>window.hit=1</script>\n```",
    '```"><img src=x onerror=window.hit=1>\ncode\n```',
    "| a | b |\n|---|---|\n| <img src=x onerror=window.hit=1> | [x](javascript:window.hit=1) |",
    "- [ ] <b onmouseover=window.hit=1>task</b>\n- [x] done",
    "[x](https://ok.example \"title' onmouseover='window.hit=1\")",
    "<https://evil.example/auto> and https://evil.example/bare and www.evil.example",
    "<a\nhref='javascript:window.hit=1'>split tag</a>",
    "<b>bold</b> <br> H<sub>2</sub>O <kbd>K</kbd> <u style='color:red'>under</u>",
    "\u0000<scr\u0000ipt>window.hit=1</script>",
]
ALLOWED_TAGS = re.compile(
    "A|B|BLOCKQUOTE|BR|BUTTON|CODE|DEL|DETAILS|DIV|EM|H[2-6]|HR|I|INS|KBD|LI|MARK|OL|P|PRE|S|SMALL|SPAN|STRONG|SUB|SUMMARY|SUP"
    "|TABLE|TBODY|TD|TH|THEAD|TR|U|UL|svg|use"
)
ALLOWED_ATTRIBUTES = re.compile(
    "align|aria-hidden|aria-label|aria-pressed|class|data-copy-code|data-copy-table|data-file|data-open-artifact"
    "|data-save-code|data-save-table|data-show-source|data-wrap-code|dir|hidden|href|open|rel|role|start|tabindex"
    "|target|title|type"
)
# Shows each text, streamed or at once, sends events to all its elements, and returns their names and attributes.
SHOW = """async texts => {
  const { MarkdownStream } = await import("parley/markdown/stream.js");
  const found = [];
  for (const pieces of texts) {
    const box = document.createElement(pieces.length === 1 ? "parley-markdown" : "div");
    document.getElementById("box")?.remove();
    box.id = "box";
    if (pieces.length === 1) box.textContent = pieces[0];
    document.getElementById("main").append(box);
    const stream = pieces.length > 1 && new MarkdownStream(box);
    let text = "";
    for (const piece of stream ? pieces : []) stream.grow((text += piece));
    await new Promise(requestAnimationFrame);
    for (const node of box.querySelectorAll("*")) {
      for (const event of ["mouseover", "focus", "toggle", "error", "load"]) node.dispatchEvent(new Event(event));
      found.push([node.nodeName, [...node.attributes].map(({ name, value }) => [name, value])]);
    }
  }
  return found;
}"""


# Shows each text, waits until its formulas are set and its diagrams drawn, and returns the names of its elements.
SHOW_SET = """async texts => {
  const box = document.createElement("parley-markdown");
  box.id = "box";
  box.textContent = texts.join("\\n\\n");
  document.getElementById("main").append(box);
  const open = () => [...box.querySelectorAll("parley-diagram:empty")];
  while (open().length) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const node of box.querySelectorAll("*"))
    for (const event of ["mouseover", "focus", "error", "load"]) node.dispatchEvent(new Event(event));
  return [...box.querySelectorAll("*")].map((node) => [node.localName, node.getAttribute("src") ?? ""]);
}"""


def pieces(text: str, seed: int) -> list[str]:
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(text)), min(len(text) - 1, 12)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def check_harmless(chat: ChatPage, texts: list[list[str]]) -> None:
    found = chat.page.evaluate(SHOW, texts)
    assert chat.page.evaluate("window.hit") is None
    assert found
    for tag, attributes in found:
        assert ALLOWED_TAGS.fullmatch(tag), tag
        for name, value in attributes:
            assert ALLOWED_ATTRIBUTES.fullmatch(name), (tag, name)
            if name == "href":
                assert value.startswith(("https://", "http://", "mailto:", "#icon-")), value
            if name == "dir":
                assert value in {"rtl", "ltr"}
            if name == "target":
                assert ["rel", "noopener noreferrer nofollow"] in attributes


@pytest.mark.parametrize("seed", range(3))
def test_streamed_hostile_markdown_stays_text(chat: ChatPage, seed: int) -> None:
    texts = [f"Before\n\n{text}\n\nAfter" for text in CORPUS] + ["\n\n".join(CORPUS)]
    check_harmless(chat, [pieces(text, seed * 1000 + number) for number, text in enumerate(texts)])


def test_whole_hostile_markdown_stays_text(chat: ChatPage) -> None:
    check_harmless(chat, [[text] for text in [*CORPUS, "\n\n".join(CORPUS)]])


def test_simple_tags_are_kept_without_attributes(chat: ChatPage) -> None:
    chat.page.evaluate(SHOW, [["a<br>b <sub>2</sub> <u style='x'>no</u> <kbd>K</kbd>"]])
    box = chat.page.locator("#box")
    expect(box.locator("br")).to_have_count(1)
    expect(box.locator("sub")).to_have_text("2")
    expect(box.locator("u")).to_have_count(0)
    expect(box).to_contain_text("<u style='x'>no")


def test_list_numbers_and_column_alignment_are_kept(chat: ChatPage) -> None:
    chat.page.evaluate(SHOW, [["3. three\n4. four\n\n| a | b | c |\n|:-:|--:|---|\n| 1 | 2 | 3 |"]])
    box = chat.page.locator("#box")
    expect(box.locator("ol")).to_have_attribute("start", "3")
    sides = box.locator("td").evaluate_all("cells => cells.map((cell) => cell.align)")
    assert sides == ["center", "right", ""]


def test_an_image_is_a_link_that_names_its_host(chat: ChatPage) -> None:
    chat.page.evaluate(SHOW, [["![A map](https://maps.example/a.png) ![](x.png)"]])
    link = chat.page.locator("#box a")
    expect(link).to_have_count(1)
    expect(link).to_contain_text("A map maps.example")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(chat.page.locator("#box img")).to_have_count(0)


def test_a_hostile_answer_of_the_model_is_harmless(chat: ChatPage) -> None:
    chat.ask("[[scenario:hostile pace=200]] Attack")
    assert chat.page.evaluate("window.hit") is None
    assert (
        chat.page.locator(".message--answer img, .message--answer script, .message--answer iframe").count()
        == 0
    )
    chat.ask("[[scenario:echo pace=300]] " + json.dumps(CORPUS))
    chat.page.reload()
    expect(chat.answers).to_have_count(2)
    assert chat.page.locator(".message img, .message script, .message iframe, .message style").count() == 0


def test_code_is_copied_as_it_was_written(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=chat.url)
    chat.page.evaluate(SHOW, [["```python\ndef f():\n\treturn '<b>'\n```"]])
    chat.page.locator("#box").get_by_role("button", name="Copy code").click()
    expect(chat.page.locator("#announcer")).to_have_text("Copied")
    assert chat.page.evaluate("navigator.clipboard.readText()") == "def f():\n\treturn '<b>'"


def test_hostile_formulas_and_diagrams_run_nothing(chat: ChatPage, watch: Watch) -> None:
    formulas = [f"$$x^2 {text} y_1$$" for text in CORPUS] + [
        f"\\\\(\\\\text{{{text}}}^2\\\\)" for text in CORPUS
    ]
    diagrams = [f"```mermaid\ngraph TD\n  A[{json.dumps(text)}] --> B\n```" for text in CORPUS]
    found = chat.page.evaluate(SHOW_SET, [*formulas, *diagrams])
    assert chat.page.evaluate("window.hit") is None
    assert not {name for name, _ in found} & {
        "script",
        "iframe",
        "object",
        "form",
        "input",
        "style",
        "link",
        "video",
    }
    assert all(source.startswith("data:image/svg+xml") for name, source in found if name == "img")
    # The frame's policy refuses what a diagram asks for, and says so on the console.
    watch.errors.clear()
