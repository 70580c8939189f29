"""Agents: the colleagues who sign in, and the numbers each of them answers for."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Agent(AbstractUser):
    """A signed-in colleague: sees the conversations of ``numbers``, a superuser those of every known number."""

    class Theme(models.TextChoices):
        SYSTEM = "", "Like the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    numbers = models.ManyToManyField("whatsapp.PhoneNumber", blank=True, related_name="agents")
    theme = models.CharField(max_length=8, choices=Theme, blank=True, default=Theme.SYSTEM)

    class Meta(AbstractUser.Meta):
        verbose_name = "agent"
        verbose_name_plural = "agents"

    def __str__(self) -> str:
        return self.get_full_name() or self.username
