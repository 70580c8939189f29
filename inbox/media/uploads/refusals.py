"""Why a file that somebody wants to send is refused."""

from __future__ import annotations

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from inbox import quotas
from inbox.models import Agent, Program


class FileRefusedError(Exception):
    """A file that cannot be sent. The text is a sentence for its owner."""


class TooMuchError(FileRefusedError):
    """An agent or program has used up their upload quota; ``seconds`` until they may upload again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            _("You uploaded %(limit)s MB within a day, which is the limit. Try again in %(hours)s hours.")
            % {
                "limit": number_format(settings.UPLOAD_MB_PER_DAY, use_l10n=True, force_grouping=True),
                "hours": number_format(seconds / 3600, 1),
            }
        )
        self.seconds = seconds


def check_quota(owner: Agent | Program | None, size: int) -> None:
    """Count a file of ``size`` bytes against its owner's quota. Raises TooMuchError beyond it."""
    if owner is not None and (seconds := quotas.uploaded_bytes().take(f"{owner._meta.model_name} {owner.pk}", size)):
        raise TooMuchError(seconds)
