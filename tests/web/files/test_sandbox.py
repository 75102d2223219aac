"""The frames of diagrams and previews: no origin, no request, and nothing of any person."""

import re

import pytest
from django.test import Client
from django.urls import reverse

FRAMES = ["diagram_frame", "preview_frame"]


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_no_origin_and_makes_no_request(name: str, client: Client) -> None:
    response = client.get(reverse(name))
    policy = dict(
        part.strip().partition(" ")[::2] for part in response.headers["Content-Security-Policy"].split(";")
    )
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "connect-src" not in policy
    assert "frame-src" not in policy
    for directive, sources in policy.items():
        assert not re.search(r"https?:|\*|'self'", sources) or directive == "frame-ancestors", directive
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "sessionid" not in response.cookies
    assert not response.cookies


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_only_read(name: str, client: Client) -> None:
    assert client.post(reverse(name)).status_code == 405
    assert client.head(reverse(name)).status_code == 200


def test_only_the_two_scripts_of_a_diagram_run(client: Client) -> None:
    first, second = (client.get(reverse("diagram_frame")) for _ in range(2))
    nonce = re.search(r"'nonce-([^']+)'", first.headers["Content-Security-Policy"])
    assert nonce
    scripts = re.findall(r"<script nonce=\"([^\"]+)\" src=\"([^\"]+)\"></script>", first.content.decode())
    assert [part for part, _ in scripts] == [nonce[1]] * 2
    assert [address.rsplit("/", 1)[-1] for _, address in scripts] == ["mermaid.min.js", "diagram_frame.js"]
    assert nonce[1] not in second.headers["Content-Security-Policy"]


def test_the_page_may_frame_this_server_only(client: Client) -> None:
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert re.search(r"frame-src 'self'(;|$)", policy)


def test_the_frame_of_a_preview_has_its_script(client: Client) -> None:
    page = client.get(reverse("preview_frame")).content.decode()
    assert page.count("<script>") == page.count("</script>") == 1
    assert "tell({ ready: true });" in page
