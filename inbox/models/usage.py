"""What agents, programs and strangers have used of what is limited, known to every process through the database."""

from __future__ import annotations

from django.db import models


class Usage(models.Model):
    """How much of one thing one of them has used since a moment. Not logged (UNLOGGED): a count costs no flush to disk,
    and after a crash of the database everybody begins again."""

    what = models.CharField(max_length=32)
    whose = models.CharField(max_length=300)
    since = models.DateTimeField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["what", "whose"], name="usage_once")]
        verbose_name_plural = "usage"

    def __str__(self) -> str:
        return f"{self.what} of {self.whose}"


class OpenStream(models.Model):
    """A browser that some web process keeps up to date. The process says again and again that it is still there."""

    agent = models.ForeignKey("inbox.Agent", on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"Stream {self.pk}"
