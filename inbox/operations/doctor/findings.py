"""What the doctor reports about one thing that it checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

OK, WARN, FAIL = "ok", "warn", "FAIL"
P = ParamSpec("P")
#: A level and a sentence.
Result = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """``level`` is OK, WARN or FAIL, ``area`` a word; ``sentence`` contains no secrets."""

    level: str
    area: str
    sentence: str


def check(area: str) -> Callable[[Callable[P, Iterator[Result]]], Callable[P, Iterator[Finding]]]:
    """Decorate a check: its results become findings of this area."""

    def decorate(function: Callable[P, Iterator[Result]]) -> Callable[P, Iterator[Finding]]:
        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Iterator[Finding]:
            for level, sentence in function(*args, **kwargs):
                yield Finding(level, area, sentence)

        return checked

    return decorate


def counted(number: int, noun: str) -> str:
    """ "1 worker", "2 workers"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
