"""Pictures and playable copies of stored files."""

from __future__ import annotations

import uuid


def make(media_id: uuid.UUID) -> None:
    raise NotImplementedError
