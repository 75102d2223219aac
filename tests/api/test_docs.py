"""The description of the API: it requires an identity, it is true, and its page loads nothing from elsewhere."""

import schemathesis
from django.test import Client
from hypothesis import settings as examples
from playwright.sync_api import Page, expect
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat.api import docs, urls
from tests.api.live_server import LiveServer
from tests.api.people import BASE, Person
from tests.support.chromium import await_address
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD


def test_openapi_requires_an_identity(insider: Person) -> None:
    assert Client().get(f"{BASE}/openapi.json").status_code == 401
    by_key = insider.client().get(f"{BASE}/openapi.json")
    assert by_key.status_code == 200
    assert insider.signed_in().get(f"{BASE}/openapi.json").json() == by_key.json()
    assert insider.client().get(f"{BASE}/openapi.json")["Cache-Control"] == "no-store"


def test_docs_page_requires_a_sign_in(insider: Person) -> None:
    stranger = Client().get(f"{BASE}/docs")
    assert stranger.status_code == 302
    assert stranger["Location"].startswith("/accounts/login/")
    assert insider.signed_in().get(f"{BASE}/docs").status_code == 200


def test_every_operation_describes_itself() -> None:
    document = docs.described(urls.api)
    names = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert operation["description"], path
            assert operation["security"] == [{"Key": []}, {"Session": []}]
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert len(set(names)) == len(names)
    assert document["components"]["securitySchemes"]["Key"] == {"type": "http", "scheme": "bearer"}


schema = schemathesis.openapi.from_dict(docs.described(urls.api))


@schema.parametrize()
@examples(max_examples=8, derandomize=True)
def test_answers_match_their_description(case: schemathesis.Case, live: LiveServer) -> None:
    if isinstance(case.body, dict) and case.path.endswith(("/turns", "/continue", "/retry")):
        case.body = {**case.body, "wait": False}
    case.call_and_validate(
        base_url=live.server.url,
        headers={"Authorization": f"Bearer {live.keys['insider']}"},
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


def test_docs_page_works_with_the_strict_policy(live: LiveServer, page: Page) -> None:
    page.goto(live.server.url + "/accounts/login/")
    page.locator("input[name=login]").fill(ADMIN_EMAIL)
    page.locator("input[name=password]").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    await_address(page, live.server.url + "/")
    page.goto(live.server.url + BASE + "/docs")
    operation = page.locator("#operations-catalogue-read_me")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tbody")
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text(ADMIN_EMAIL)
