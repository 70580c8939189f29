"""A folder for tests that start a PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Empty, and open to the user that PostgreSQL runs as when we are root. pytest's own folder is closed to others,
    and closed again whenever another pytest starts."""
    with tempfile.TemporaryDirectory(prefix="inbox-config-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)
