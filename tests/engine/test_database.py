"""Calls from the event loop to the database run as their task does."""

import zoneinfo

from django.utils import timezone, translation

from chat.engine.database import in_database
from chat.presentation.wording import budget_text


async def test_a_call_has_the_language_and_the_time_zone_of_its_task() -> None:
    with translation.override("ko"), timezone.override(zoneinfo.ZoneInfo("Asia/Seoul")):
        assert await in_database(translation.get_language) == "ko"
        assert await in_database(timezone.get_current_timezone_name) == "Asia/Seoul"
        assert "예산" in await in_database(budget_text, "spent everybody month 2026-12-01")
    assert await in_database(translation.get_language) == "en"
    assert await in_database(timezone.get_current_timezone_name) == timezone.get_default_timezone_name()
