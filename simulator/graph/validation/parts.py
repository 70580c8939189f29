"""What every check of a message uses: Meta's refusals of parts, and reading parts that may be anything."""

from __future__ import annotations

from typing import Any

from simulator.network.errors import GraphError


def missing(name: str) -> GraphError:
    """131008: a part that must be there is not."""
    return GraphError(131008, f"The parameter {name} is required.")


def invalid(details: str) -> GraphError:
    """131009: a part is there and makes no sense."""
    return GraphError(131009, details)


def unexpected(message: str) -> GraphError:
    """100: the Graph API's own check of a parameter, before WhatsApp looks at it."""
    return GraphError(100, message=f"(#100) {message}")


def text(part: Any, name: str) -> str:
    """The string called ``name`` in an object; empty when there is none, or the part is no object."""
    value = part.get(name) if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""


def limit(name: str, value: str, most: int) -> None:
    """Refuse more than ``most`` characters."""
    if len(value) > most:
        raise unexpected(f"Param {name} must be at most {most} characters long.")


def objects(value: Any, name: str) -> list[dict[str, Any]]:
    """A list of objects, empty for None. Refuses anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise unexpected(f"Param {name} must be an array of objects.")
    return value
