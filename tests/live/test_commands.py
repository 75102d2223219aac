"""Commands of a socket: the dialect of their answers, and their id in the logs."""

import json

import pytest

from tests.support.parley import Parley


@pytest.mark.parametrize(
    ("query", "rendered"),
    [
        ("?render=html", True),
        ("?a=b&render=html", True),
        ("?xrender=html", False),
        ("?render=html5", False),
        ("?q=render=html", False),
        ("?render=html&render=data", False),
    ],
)
async def test_only_render_html_requests_fragments(parley: Parley, query: str, rendered: bool) -> None:
    async with parley.page_socket(parley.sign_in("insider"), query=query) as page:
        accepted = await page.start("[[scenario:echo]] hi", model=parley.models["plain"])
        assert ("html" in accepted) is rendered
        await page.finished(accepted["turn"])


async def test_a_refusal_is_in_the_language_of_the_socket(parley: Parley) -> None:
    missing = "00000000-0000-0000-0000-000000000000"
    async with parley.page_socket(f"{parley.sign_in('insider')}; django_language=ko") as page:
        await page.send(type="subscribe", conversation=missing)
        refused = await page.expect("error")
    assert refused["code"] == "not_found"
    assert "권한" in refused["message"]


async def test_log_lines_of_a_turn_name_its_command(parley: Parley) -> None:
    async with parley.socket() as client:
        turns = []
        for text in ("[[scenario:echo]] one", "[[scenario:echo]] two"):
            accepted = await client.start(text, model=parley.models["plain"])
            await client.finished(accepted["turn"])
            turns.append(accepted)
    lines = [json.loads(each) for each in parley.server.log.splitlines() if '"turn_finished"' in each]
    told = {each["turn"]: each for each in lines}
    found = [told[accepted["turn"]] for accepted in turns]
    assert [each["conversation"] for each in found] == [accepted["conversation"] for accepted in turns]
    assert len({each["request_id"] for each in found}) == 2
