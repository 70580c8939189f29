"""Agents: colleagues who sign in, and the numbers whose conversations they see."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import get_language_info, gettext, gettext_lazy


def language_choices() -> list[tuple[str, str]]:
    """The languages of the pages, each by its own name, for readers who cannot read the current one."""
    languages = [(code, get_language_info(code)["name_local"]) for code, _ in settings.LANGUAGES]
    return [("", gettext("Same as the browser")), *languages]


class Agent(AbstractUser):
    """A colleague's account. Agents see the conversations of ``numbers``; superusers those of every known number."""

    class Theme(models.TextChoices):
        SYSTEM = "", gettext_lazy("Same as the system")
        LIGHT = "light", gettext_lazy("Light")
        DARK = "dark", gettext_lazy("Dark")

    numbers = models.ManyToManyField("whatsapp.PhoneNumber", blank=True, related_name="agents")
    theme = models.CharField(max_length=8, choices=Theme, blank=True, default=Theme.SYSTEM)
    #: Empty: the browser's.
    language = models.CharField(max_length=8, choices=language_choices, blank=True, default="")

    class Meta(AbstractUser.Meta):
        verbose_name = "agent"
        verbose_name_plural = "agents"

    def __str__(self) -> str:
        return self.get_full_name() or self.username
