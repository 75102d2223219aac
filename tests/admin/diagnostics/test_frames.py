"""Cache health of frames, as staff see it."""

import html
import json
import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import ApiCall, Frame
from chat.presentation import cache_misses
from tests.admin.world import World

CALL = {
    "door": "chat",
    "purpose": "turn",
    "status": "succeeded",
    "connection_name": "Upstream",
    "model_name": "claude-test",
    "usage": {"input_tokens": 1},
}


def call(frame: Frame, number: int, **fields: object) -> ApiCall:
    now = timezone.now()
    values = {"key": f"health:{number}", "frame_digest": frame.digest, "started_at": now, "finished_at": now}
    return ApiCall.objects.create(**{**CALL, **values, **fields})


def test_list_shows_cache_reads_writes_and_misses(world: World, root: Client) -> None:
    frame = world.rows["chat_frame"]
    call(frame, 1, cache_read_tokens=8000, cache_write_5m_tokens=1500, input_tokens=500)
    call(frame, 2, cache_miss_reason="tools_changed", cache_missed_tokens=1234)
    page = root.get(world.url("chat_frame")).content.decode()
    for words in ("80% (8,000)", "1,500", "1,234", "the tools changed"):
        assert words in page


def test_list_takes_a_constant_number_of_queries(world: World, root: Client) -> None:
    counts = []
    for number in range(2):
        Frame.objects.bulk_create(
            [Frame(digest=f"{number}{at}".rjust(64, "0"), body={"model": "m"}) for at in range(10 * number)]
        )
        with CaptureQueriesContext(connection) as seen:
            root.get(world.url("chat_frame"))
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_frame_shows_a_week_as_chart_and_table(world: World, root: Client) -> None:
    frame = world.rows["chat_frame"]
    url = world.url("chat_frame", "change")
    assert "No call in the last 7 days." in root.get(url).content.decode()
    call(frame, 1, cache_read_tokens=8000, cache_miss_reason="expired", cache_missed_tokens=77)
    page = root.get(url).content.decode()
    assert "77 tokens missed: too much time had passed" in page
    found = re.search(r'data-type="bar" data-value="([^"]+)"', page)
    assert found
    chart = json.loads(html.unescape(found[1]))
    assert len(chart["labels"]) == 7
    assert [dataset["data"][-1] for dataset in chart["datasets"]] == [8000, 0, 0]


def test_ledger_row_shows_its_cache_miss_reason(world: World, root: Client) -> None:
    row = call(world.rows["chat_frame"], 1, cache_miss_reason="frame_changed", upstream_message_id="msg_4711")
    world.rows["chat_apicall"] = row
    page = root.get(world.url("chat_apicall", "change")).content.decode()
    assert "the assistant was changed" in page
    assert "msg_4711" in page


def test_every_miss_reason_has_a_text() -> None:
    assert cache_misses.cache_miss("") == ""
    assert cache_misses.cache_miss("brand_new") == "brand_new"
    assert all(cache_misses.cache_miss(code) != code for code in cache_misses.CACHE_MISSES)
