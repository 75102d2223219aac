"""A staff page in a browser, entered through the account pages once and with the same session afterwards."""

from playwright.sync_api import Page

from tests.support.chromium import await_address
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

_sessions: dict[str, str] = {}  # by the server's address


def sign_in(page: Page, server: Server, to: str, *, by_form: bool = False) -> list[str]:
    """Open a staff page as the administrator; returns the list that collects every answer that is an error.

    A server's session is used again, unless the sign-in page itself matters (`by_form`).
    """
    missing: list[str] = []
    page.on(
        "response",
        lambda answer: missing.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    address = f"{server.url}/admin/{to}"
    if not by_form and (known := _sessions.get(server.url)):
        page.context.add_cookies([{"name": "parley_session", "value": known, "url": server.url}])
    page.goto(address)
    if page.url != address:
        assert "/accounts/login/" in page.url
        page.get_by_label("Email").fill(ADMIN_EMAIL)
        page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        await_address(page, address)
        _sessions[server.url] = next(
            cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "parley_session"
        )
    return missing
