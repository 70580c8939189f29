"""The journal: claim notifications that wait, settle them, park the poison, replay what somebody asks for."""

from __future__ import annotations

#: The job that works the journal off. Deferred with a queueing lock: at most one wake-up waits at any time.
WAKE_UP_TASK = "process_notifications"
WAKE_UP_QUEUE = "journal"
WAKE_UP_LOCK = "process_notifications"
