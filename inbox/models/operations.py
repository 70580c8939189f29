"""Rows about the installation itself: nothing of customers or messages."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Probe(models.Model):
    """What /health/ready and the doctor write to learn whether the database takes changes. One row, "write"."""

    name = models.CharField(max_length=16, primary_key=True)
    written_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
