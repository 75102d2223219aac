"""The chat as a person sees it: where things are on the page, and waiting for what happens there."""

from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect


class Chat:
    """One tab with Parley in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, path: str = "/") -> "Chat":
        self.page.goto(self.url + path)
        self.await_line()
        return self

    def await_line(self) -> None:
        """Wait until the socket is open."""
        expect(self.page.locator("html[data-connection=open]")).to_be_attached()

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def field(self) -> Locator:
        return self.page.locator("#message")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".message--answer")

    @property
    def answer(self) -> Locator:
        return self.answers.last

    @property
    def live(self) -> Locator:
        return self.page.locator(".message--live")

    @property
    def text(self) -> Locator:
        """The rendered text of the newest answer."""
        return self.answer.locator("parley-markdown")

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name="Stop the answer")

    def say(self, text: str) -> "Chat":
        self.field.fill(text)
        self.field.press("Enter")
        return self

    def ask(self, text: str) -> "Chat":
        """Say something and wait for the whole answer."""
        before = self.page.locator(".message--answer:not(.message--live)").count()
        self.say(text)
        expect(self.page.locator(".message--answer:not(.message--live)")).to_have_count(before + 1)
        return self

    def await_end(self) -> "Chat":
        expect(self.live).to_have_count(0)
        return self

    def await_words(self, least: int = 1) -> int:
        """Wait until the newest answer's text is at least so long; returns how long it is."""
        self.page.wait_for_function(
            "least => ([...document.querySelectorAll('.message--answer')].at(-1)"
            "?.querySelector('parley-markdown')?.textContent.length ?? 0) >= least",
            arg=least,
        )
        return len(self.text.text_content() or "")

    def choose(self, label: str) -> None:
        self.page.get_by_label("Model or assistant").select_option(label=label)
