"""Rows about the installation itself: nothing of customers or messages."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from whatsapp.models import PhoneNumber


class Probe(models.Model):
    """What /health/ready and the doctor write to learn whether the database takes changes. One row, "write"."""

    name = models.CharField(max_length=16, primary_key=True)
    written_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class WorkerProcess(models.Model):
    """A worker that runs, or that died without deleting its row."""

    #: The id of this process's own row; None where jobs run outside a worker.
    current: ClassVar[uuid.UUID | None] = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    #: Its last report. inbox.operations.workers says how often they come.
    seen_at = models.DateTimeField(db_default=Now())
    #: Since when its reports have come without a gap: after an outage of the database everybody looks dead at first.
    steady_since = models.DateTimeField(db_default=Now())
    #: It was told to stop and lets its jobs finish: nobody misses it.
    stopping = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"Worker {self.pid} on {self.host}"


class SlowAnswer(models.Model):
    """The last time that a number's provider took long to answer a request."""

    number = models.OneToOneField(PhoneNumber, primary_key=True, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())
    seconds = models.FloatField()

    def __str__(self) -> str:
        return f"{self.number_id}: {self.seconds:.1f} s"
