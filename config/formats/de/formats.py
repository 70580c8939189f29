"""German dates and times."""

from __future__ import annotations

DATE_FORMAT = SHORT_DATE_FORMAT = "d.m.Y"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "d.m.Y H:i:s"
WEEKDAY_FORMAT = "D"
WEEKDAY_AND_DAY_FORMAT = "l, j. F"
LONG_DATE_FORMAT = "j. F Y"
DAY_AND_MONTH_FORMAT = "j. M"
DAY_AND_YEAR_FORMAT = "j. M Y"
DAY_AND_TIME_FORMAT = "j. F, H:i"
