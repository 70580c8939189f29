"""Answers that the player, or a test, wrote down for the next calls: used up one by one, then WhatsApp works again."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.http import HttpResponse

from simulator.network.errors import GraphError
from simulator.network.faults import ConnectionDropped, Line
from simulator.network.store import Store

_KEY = "script"


class Target(enum.StrEnum):
    """Which calls a step is for."""

    SEND = "send"
    UPLOAD = "upload"
    READ = "read"  # read marks and typing signs


@dataclass(frozen=True, slots=True)
class Step:
    """What the next ``times`` calls of this kind get.

    ``code``: Meta's error with this code, and ``details``. ``status``: the HTTP status; with no code, and with
    ``empty``, the answer has no body. ``line``: the connection breaks instead of an answer, before or after the call
    was carried out. ``seconds``: the call is carried out, and the answer comes that much later.
    """

    call: Target = Target.SEND
    times: int = 1
    code: int = 0
    details: str = ""
    status: int = 0
    empty: bool = False
    line: Line = Line.WORKS
    seconds: float = 0.0

    @classmethod
    def of(cls, values: dict[str, Any]) -> Step:
        """The step that a JSON object describes. Raises ValueError, a sentence."""
        known = {name: type(value) for name, value in asdict(cls()).items()}
        unknown = set(values) - set(known)
        if unknown:
            raise ValueError(f"A step has no {sorted(unknown)[0]!r}. It has: {', '.join(known)}.")
        try:
            step = cls(**{name: known[name](value) for name, value in values.items()})
        except (TypeError, ValueError) as error:
            raise ValueError(f"This step makes no sense: {error}.") from None
        if step.times < 1 or not (step.code or step.status or step.line or step.seconds):
            raise ValueError("A step needs times of at least 1, and one of code, status, line, seconds.")
        return step


def steps(store: Store) -> list[Step]:
    """What is still to come."""
    return [Step.of(each) for each in store.setting(_KEY) or []]


def write(store: Store, planned: list[Step]) -> None:
    """Plan these steps, in order, instead of what was planned."""
    store.set_setting(_KEY, [asdict(step) for step in planned])


def take(store: Store, call: Target) -> Step | None:
    """Use up one time of the first step for this kind of call; None when nothing is planned for it."""
    if not store.setting(_KEY):
        return None
    with store.write():
        planned = steps(store)
        for position, step in enumerate(planned):
            if step.call is call:
                left = [replace(step, times=step.times - 1)] if step.times > 1 else []
                write(store, planned[:position] + left + planned[position + 1 :])
                return step
    return None


def played(store: Store, call: Target, act: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of ``act``, or what is planned for this call instead of it or after it.

    Raises ConnectionDropped and GraphError.
    """
    step = take(store, call)
    if step is None:
        return act()
    if step.line is Line.BEFORE:
        time.sleep(step.seconds)
        raise ConnectionDropped
    if step.code or step.status:
        time.sleep(step.seconds)
        if step.empty or not step.code:
            return HttpResponse(status=step.status or 500)
        raise GraphError(step.code, step.details, status=step.status)
    response = act()
    time.sleep(step.seconds)
    if step.line is Line.AFTER:
        raise ConnectionDropped
    return response
