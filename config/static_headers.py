"""Headers of static files."""

from __future__ import annotations

from collections.abc import MutableMapping


def static_file_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Add what static files need of what SecurityMiddleware adds to pages."""
    headers["X-Content-Type-Options"] = "nosniff"
