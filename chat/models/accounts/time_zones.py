"""Names of time zones, as people choose them."""

import zoneinfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def zone_names() -> list[str]:
    """Return the time zones with a place, such as Asia/Seoul, after UTC. Abbreviations are left out."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return ["UTC", *sorted(places)]


def validate_time_zone(value: str) -> None:
    """Check the name of a time zone, such as Asia/Seoul.

    Raises:
        ValidationError: no such zone.
    """
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("This time zone doesn’t exist. Enter a name such as Asia/Seoul or UTC."))
