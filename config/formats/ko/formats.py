"""Korean date formats: Django writes the time as "7:20 오후". Staff compare times with logs, so it has seconds."""

DATETIME_FORMAT = "Y년 n월 j일 A g:i:s"
