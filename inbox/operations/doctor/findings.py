"""What the doctor says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: ``level`` is OK, WARN or FAIL, ``area`` a word, ``sentence`` has no secrets in it."""

    level: str
    area: str
    sentence: str
