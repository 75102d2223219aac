"""The chat page as tests use it: its elements, and waiting for what happens there."""

from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

# An answer that is still being written when a test stops it, however slow the machine is.
LONG = "[[scenario:long tokens=20000 pace=60]] Tell me a long story"
# Keeps the text of each element that matches a selector when it begins to match, and whenever its text changes.
RECORD = """selector => {
  const texts = ((window.recorded ??= {})[selector] = []);
  let before = new Map();
  const look = () => {
    const now = new Map();
    for (const node of document.querySelectorAll(selector)) {
      const text = node.textContent;
      now.set(node, text);
      if (before.get(node) !== text) texts.push(text);
    }
    before = now;
  };
  new MutationObserver(look).observe(document, {
    attributes: true, characterData: true, childList: true, subtree: true,
  });
  document.addEventListener("focusin", look);
}"""
# Counts the characters of HTML that become elements.
COUNT_PARSED = """() => {
  window.parsed = 0;
  const parse = DOMParser.prototype.parseFromString;
  DOMParser.prototype.parseFromString = function (html, type) {
    window.parsed += String(html).length;  // a TrustedHTML has no length
    return parse.call(this, html, type);
  };
}"""
# Timers of some seconds don't end any more.
NO_LONG_TIMERS = """() => {
  const start = window.setTimeout;
  window.setTimeout = (run, ms, ...given) => (ms >= 4000 ? 0 : start(run, ms, ...given));
}"""


class ChatPage:
    """One tab with Parley in it.

    Waiting looks at the page a few times a second at most. What stands there for a moment only (a notice, a focus, a
    mark that goes away) has to be recorded, or held by an answer that ends when the test stops it.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, path: str = "/") -> "ChatPage":
        """Load a page of the chat and wait until its socket is open."""
        self.page.goto(self.url + path)
        self.await_connection()
        return self

    def await_connection(self) -> None:
        """Wait until the socket is open."""
        expect(self.page.locator("html[data-connection=open]")).to_be_attached()

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def field(self) -> Locator:
        """The message field."""
        return self.page.locator("#message")

    @property
    def connection(self) -> Locator:
        """The status of the connection, hidden while there is no problem."""
        return self.page.locator("#connection")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".message--answer")

    @property
    def answer(self) -> Locator:
        """The newest answer."""
        return self.answers.last

    @property
    def live(self) -> Locator:
        """The answer that is being written."""
        return self.page.locator(".message--live")

    @property
    def text(self) -> Locator:
        """The rendered text of the newest answer."""
        return self.answer.locator("parley-markdown")

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name="Stop the answer")

    def send(self, text: str) -> "ChatPage":
        """Write a message and press Enter; on a phone the button sends."""
        self.field.fill(text)
        if self.field.evaluate("field => field.enterKeyHint") == "enter":
            self.page.locator(".composer__send").click()
        else:
            self.field.press("Enter")
        return self

    def ask(self, text: str) -> "ChatPage":
        """Send a message and wait for the whole answer."""
        before = self.page.locator(".message--answer:not(.message--live)").count()
        self.send(text)
        expect(self.page.locator(".message--answer:not(.message--live)")).to_have_count(before + 1)
        return self

    def retry(self) -> "ChatPage":
        """Ask for the newest answer once more, from the menu of its button."""
        self.answer.get_by_role("button", name="Retry").click()
        self.page.get_by_role("menuitem", name="Try again").click()
        return self

    def await_end(self) -> "ChatPage":
        """Wait until no answer is being written."""
        expect(self.live).to_have_count(0)
        return self

    def await_text(self, least: int = 1) -> int:
        """Wait until the texts of the newest answer have at least so many characters; return how many they have."""
        found = self.page.wait_for_function(
            """least => {
              const answer = [...document.querySelectorAll(".message--answer")].at(-1);
              const texts = [...(answer?.querySelectorAll("parley-markdown") ?? [])];
              const length = texts.reduce((sum, text) => sum + text.textContent.length, 0);
              return length >= least && length;
            }""",
            arg=least,
        )
        return int(found.json_value())

    def record(self, selector: str) -> "ChatPage":
        """Keep what elements show that match a selector from now on, until the page is loaded again."""
        self.page.evaluate(RECORD, selector)
        return self

    def await_recorded(self, selector: str, text: str = "") -> int:
        """Wait until a recorded text of a selector contains `text`; return its place among all, from 0."""
        found = self.page.wait_for_function(
            """([selector, text]) => {
              const place = window.recorded[selector].findIndex((recorded) => recorded.includes(text));
              return place >= 0 && { place };
            }""",
            arg=[selector, text],
        )
        return int(found.json_value()["place"])

    def recorded(self, selector: str) -> list[str]:
        """Return the recorded texts of a selector."""
        return list(self.page.evaluate("selector => window.recorded[selector]", selector))

    def count_parsed(self) -> None:
        """Count the HTML from which elements are made from now on, until the page is loaded again."""
        self.page.evaluate(COUNT_PARSED)

    def parsed(self) -> int:
        """Return how many characters of HTML elements were made from since `count_parsed`."""
        return int(self.page.evaluate("window.parsed"))

    def record_announcements(self) -> None:
        """Keep all that screen readers are given from now on."""
        self.record("#announcer")

    def await_announcement(self, text: str) -> int:
        """Wait until a recorded announcement contains `text`; return its place among all, from 0."""
        return self.await_recorded("#announcer", text)

    def keep_toasts(self) -> "ChatPage":
        """Let toasts stay until a test uses their button, here and on the next pages of this tab."""
        self.page.evaluate(NO_LONG_TIMERS)
        self.page.add_init_script(f"({NO_LONG_TIMERS})()")
        return self

    def stop_elsewhere(self) -> "ChatPage":
        """Stop the answer from another tab and wait for its end here; nothing on this page is touched."""
        other = ChatPage(self.page.context.new_page(), self.url).open(self.path)
        other.stop.click()
        other.await_end()
        other.page.close()
        return self.await_end()

    def choose(self, label: str) -> None:
        """Choose a model or an assistant."""
        self.page.locator("#choice").select_option(label=label)
