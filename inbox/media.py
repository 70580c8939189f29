"""Fetch, verify and store the files of messages."""

from __future__ import annotations

import uuid


def fetch(media_id: uuid.UUID) -> None:
    raise NotImplementedError


def sweep() -> None:
    raise NotImplementedError
