"""Why a file that somebody gives us to send is not taken."""

from __future__ import annotations

from django.conf import settings

from inbox import quotas
from inbox.models import Agent, Program


class FileRefusedError(Exception):
    """A file that cannot be sent. The text is a sentence for its owner."""


class TooMuchError(FileRefusedError):
    """An agent or program has given us as much as they may for now: ``seconds`` until they may give more."""

    def __init__(self, seconds: int) -> None:
        limit, hours = f"{settings.UPLOAD_MB_PER_DAY:,} MB", f"{seconds / 3600:.1f} hours"
        super().__init__(f"You uploaded {limit} within a day, which is the limit. Try again in {hours}.")
        self.seconds = seconds


def check_quota(owner: Agent | Program | None, size: int) -> None:
    """Count a file of ``size`` bytes for whoever gives it. Raises TooMuchError beyond their quota."""
    if owner is not None and (seconds := quotas.uploaded_bytes().take(f"{owner._meta.model_name} {owner.pk}", size)):
        raise TooMuchError(seconds)
