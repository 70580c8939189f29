"""English dates and times. Dates in tables are sortable and compare with logs, to the second."""

from __future__ import annotations

DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i:s"
WEEKDAY_FORMAT = "D"
WEEKDAY_AND_DAY_FORMAT = "l j F"
LONG_DATE_FORMAT = "j F Y"
DAY_AND_MONTH_FORMAT = "j M"
DAY_AND_YEAR_FORMAT = "j M Y"
DAY_AND_TIME_FORMAT = "j F, H:i"
