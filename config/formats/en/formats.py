"""English date formats: staff compare times with logs, so the time has seconds and 24 hours."""

DATETIME_FORMAT = "M j, Y, H:i:s"
# A day near now, on lines with little room.
MONTH_DAY_FORMAT = "N j"
