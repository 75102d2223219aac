"""The language and the time zone of a page."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from django.utils import timezone, translation

from chat.models import User
from chat.presentation.localization import TIME_ZONE_COOKIE, browser_zone, localized, person_zone


def request_with(zone: str | None = None, **choices: str) -> Any:
    request = RequestFactory().get("/")
    request.user = User(**choices)
    if zone is not None:
        request.COOKIES[TIME_ZONE_COOKIE] = zone
    return request


@pytest.mark.parametrize("name", [None, "", "Berlin", "../../etc/passwd", "/etc/localtime", "a\0b"])
def test_what_is_no_zone_is_none(name: str | None) -> None:
    assert browser_zone(request_with(name)) is None


def test_the_browsers_zone_is_read() -> None:
    assert browser_zone(request_with("Asia/Seoul")) == ZoneInfo("Asia/Seoul")


def test_a_chosen_zone_goes_before_the_browsers() -> None:
    assert person_zone(request_with("Asia/Seoul", time_zone="Europe/Berlin")) == ZoneInfo("Europe/Berlin")
    assert person_zone(request_with("Asia/Seoul")) == ZoneInfo("Asia/Seoul")
    assert person_zone(request_with("Asia/Seoul", time_zone="Gone/Away")) == ZoneInfo("Asia/Seoul")


def test_zone_lasts_for_the_block_and_language_longer() -> None:
    with translation.override("en"):
        with localized(request_with(language="ko"), ZoneInfo("Asia/Seoul")):
            assert timezone.get_current_timezone_name() == "Asia/Seoul"
        assert timezone.get_current_timezone_name() == "UTC"
        assert translation.get_language() == "ko"


def test_without_a_choice_the_language_stays() -> None:
    with translation.override("en"), localized(request_with(), ZoneInfo("UTC")):
        assert translation.get_language() == "en"
