"""Reading aloud, dictation and notices, with stand-ins for what the browser offers: a test machine has no voices."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import check_accessible
from tests.browser.conftest import OpenContext, Parley

# Voices come late, as in most browsers. `finish` ends the part that is spoken; one that hangs never ends.
SPEECH = """
  window.spoken = [];
  const listeners = [];
  let voices = [];
  setTimeout(() => {
    voices = [{ lang: "en-US", localService: true }, { lang: "ko-KR", localService: false }];
    for (const listener of listeners) listener();
  }, 300);
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  Object.defineProperty(window, "speechSynthesis", { value: {
    getVoices: () => voices,
    addEventListener: (_name, listener) => listeners.push(listener),
    speak: (utterance) => { window.current = utterance; window.spoken.push(utterance.text); },
    cancel: () => { const { current } = window; window.current = null; current?.onerror({ error: "canceled" }); },
  } });
  window.finish = () => window.current.onend();
"""
RECOGNITION = """
  window.SpeechRecognition = class {
    start() { window.session = this; window.started = (window.started ?? 0) + 1; }
    stop() { this.onend(); }
    abort() { this.onend(); }
  };
  window.hear = (...texts) =>
    window.session.onresult({ results: texts.map((transcript) => [{ transcript }]) });
"""
NOTIFICATION = """
  localStorage.setItem("parley.notifications", "1");
  window.shown = [];
  window.Notification = class {
    static permission = "granted";
    constructor(title, options) { window.shown.push([title, options.body]); window.last = this; }
    close() { window.wasClosed = true; }
  };
  if (location.hash === "#away") Document.prototype.hasFocus = () => false;
"""


def opened(context: OpenContext, parley: Parley, script: str, path: str = "/") -> ChatPage:
    page = context().new_page()
    page.add_init_script("{" + script + "}")
    return ChatPage(page, parley.url).open(path)


def test_an_answer_is_read_aloud_part_by_part(parley: Parley, signed_in_context: OpenContext) -> None:
    chat = opened(signed_in_context, parley, SPEECH)
    page = chat.page
    chat.ask("[[scenario:echo]] The bridge is **high**.\n\n```\nprint(1)\n```\n\nIt is 7 metres long.")
    read = chat.answer.get_by_role("button", name=re.compile("Read aloud|Pause reading|Go on reading"))
    stop = chat.answer.get_by_role("button", name="Stop reading")
    expect(stop).to_be_hidden()
    read.click()
    page.wait_for_function("() => window.spoken.length === 1")
    expect(read).to_have_attribute("aria-label", "Pause reading")
    check_accessible(page)
    page.evaluate("finish()")
    # A pause ends the part, and going on begins it again.
    read.press("Enter")
    expect(read).to_have_attribute("aria-label", "Go on reading")
    assert page.evaluate("window.current") is None
    read.press("Enter")
    assert page.evaluate("window.spoken") == [
        "The bridge is high.", "It is 7 metres long.", "It is 7 metres long.",
    ]  # fmt: skip
    page.evaluate("finish()")
    expect(read).to_have_attribute("aria-label", "Read aloud")
    expect(stop).to_be_hidden()
    read.click()
    stop.click()
    expect(read).to_be_focused()
    assert page.evaluate("window.current") is None
    chat.ask("[[scenario:echo]] 다리의 높이는 칠 미터입니다.")
    chat.answer.get_by_role("button", name="Read aloud").click()
    expect(page.get_by_text("Your device has no voice for this language.")).to_be_visible()
    assert len(page.evaluate("window.spoken")) == 4, "a voice of a company's servers is not used"


def test_dictation_writes_at_the_cursor_and_never_sends(
    parley: Parley, signed_in_context: OpenContext
) -> None:
    chat = opened(signed_in_context, parley, RECOGNITION)
    page, field = chat.page, chat.field
    button = page.get_by_role("button", name="Dictate", exact=True)
    notice = page.locator("#dictation-notice")
    button.click()
    expect(notice).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    assert page.evaluate("window.started") is None
    expect(button).to_be_focused()
    field.fill("Say  to Kim")
    field.evaluate("node => node.setSelectionRange(4, 4)")
    button.click()
    notice.get_by_role("button", name="Dictate").click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.evaluate("hear('hello')")
    expect(field).to_have_value("Say hello to Kim")
    page.evaluate("hear('hello and', ' goodbye')")
    expect(field).to_have_value("Say hello and goodbye to Kim")
    expect(page.locator(".composer__send")).to_be_enabled()
    expect(chat.answers).to_have_count(0)
    # What is typed ends it, and a late result changes nothing.
    field.press("End")
    field.press("!")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.evaluate("hear('late')")
    expect(field).to_have_value("Say hello and goodbye to Kim!")
    button.click()
    assert page.evaluate("window.started") == 2, "the notice comes once"
    page.evaluate("window.session.onerror({ error: 'not-allowed' })")
    expect(page.get_by_text("The microphone is blocked for this page.")).to_be_visible()


def test_one_notice_tells_of_an_answer_that_is_not_looked_at(
    parley: Parley, signed_in_context: OpenContext
) -> None:
    chat = opened(signed_in_context, parley, NOTIFICATION, "/#away")
    page = chat.page
    chat.ask("[[scenario:echo]] A secret")
    page.wait_for_function("() => window.shown.length")
    assert page.evaluate("window.shown") == [["Parley", "An answer is ready."]]
    page.evaluate("window.last.onclick()")
    assert page.evaluate("window.wasClosed")
    # A page that is looked at shows none.
    page.evaluate("Document.prototype.hasFocus = () => true")
    chat.ask("[[scenario:echo]] Another one")
    page.wait_for_function("() => JSON.parse(localStorage.getItem('parley.told')).length === 2")
    assert len(page.evaluate("window.shown")) == 1
