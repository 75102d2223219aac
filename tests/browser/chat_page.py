"""The chat page as tests use it: its elements, and waiting for what happens there."""

from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect


class ChatPage:
    """One tab with Parley in it."""

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
            self.page.get_by_role("button", name="Send").click()
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

    def record_announcements(self) -> None:
        """Keep all that screen readers are given from now on, also what stands there for less than a look's time."""
        self.page.evaluate(
            """() => {
              window.announcements = [];
              new MutationObserver((changes) => {
                for (const change of changes)
                  for (const text of change.addedNodes) window.announcements.push(text.textContent);
              }).observe(document.querySelector("#announcer"), { childList: true });
            }"""
        )

    def await_announcement(self, text: str) -> int:
        """Wait until a recorded announcement contains `text`; return its place among all, from 0."""
        found = self.page.wait_for_function(
            """text => {
              const place = window.announcements.findIndex((announcement) => announcement.includes(text));
              return place >= 0 && { place };
            }""",
            arg=text,
        )
        return int(found.json_value()["place"])

    def choose(self, label: str) -> None:
        """Choose a model or an assistant."""
        self.page.get_by_label("Model or assistant").select_option(label=label)
