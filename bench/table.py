"""Printing figures and their targets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``met`` is None where there is no target."""

    name: str
    value: str
    target: str = ""
    met: bool | None = None


def show(title: str, figures: list[Figure]) -> int:
    """Print the figures and return how many targets were missed."""
    width = max(len(figure.name) for figure in figures)
    values = max(len(figure.value) for figure in figures)
    print(f"\n{title}")
    for figure in figures:
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        print(f"  {figure.name:<{width}}  {figure.value:>{values}}  {figure.target:<24} {verdict}".rstrip())
    return sum(figure.met is False for figure in figures)
