"""The faults that a reconciliation can find between storage and database, and the remedy for each."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop


class Fault(NamedTuple):
    """``sentence`` says what is wrong, ``remedy`` what --apply does; empty when a person has to decide."""

    sentence: str
    remedy: str = ""


FETCH = gettext_noop("fetches it again while WhatsApp has it")
QUARANTINE = gettext_noop("moves it to quarantine")
SAY = gettext_noop("says so in the thread")

FAULTS = {
    # Rows without their object.
    "missing_fetchable": Fault(
        gettext_noop("The file is gone from the storage; WhatsApp still has it."), gettext_noop("fetches it again")
    ),
    "missing_lost": Fault(gettext_noop("The file is gone from the storage, and WhatsApp no longer has it."), SAY),
    "missing_quarantined": Fault(
        gettext_noop("The file is in quarantine, and a row needs it."), gettext_noop("puts it back")
    ),
    "under_another_key": Fault(
        gettext_noop("The file is stored under its key with a suffix that AWS appended."),
        gettext_noop("corrects the key"),
    ),
    "stored_without_key": Fault(
        gettext_noop("The row is marked as stored and names no file."), gettext_noop("fetches it or says it is lost")
    ),
    "thumbnail_missing": Fault(gettext_noop("The thumbnail is gone from the storage."), gettext_noop("draws it again")),
    "playable_missing": Fault(
        gettext_noop("The playable copy of a file is gone from the storage."), gettext_noop("makes it again")
    ),
    "upload_missing": Fault(
        gettext_noop("A file that waits to be sent is gone from the storage."), gettext_noop("asks to attach it again")
    ),
    # Objects that are not what the row says.
    "file_empty": Fault(gettext_noop("The stored file is empty."), FETCH),
    "size_differs": Fault(gettext_noop("The stored file has another size than the row."), FETCH),
    "digest_differs": Fault(gettext_noop("The stored file is not the one that was received."), FETCH),
    "unreadable": Fault(gettext_noop("The storage has the file and cannot read it."), FETCH),
    "size_unknown": Fault(
        gettext_noop("The row does not know its file's size."), gettext_noop("takes it from the storage")
    ),
    "shared_file": Fault(gettext_noop("Two messages have one file of ours, where each has its own.")),
    # Objects without a row.
    "not_recorded": Fault(
        "The file is in the storage, but its row says otherwise.", "records it if it is the right one"
    ),
    "orphan_file": Fault(gettext_noop("A stored file belongs to no message."), QUARANTINE),
    "orphan_preview": Fault(gettext_noop("A preview belongs to no file."), QUARANTINE),
    "orphan_upload": Fault(gettext_noop("An attached file belongs to no draft."), QUARANTINE),
    "leftover_probe": Fault(gettext_noop("The doctor left a test file."), QUARANTINE),
    "unknown_object": Fault(gettext_noop("The storage has a file that is not the product's and that nothing names.")),
    # Rows that do not move.
    "waiting_too_long": Fault(
        gettext_noop("The file has been waiting for more than a day."), gettext_noop("tries again now")
    ),
    "waiting_forever": Fault(
        gettext_noop("The file is waiting, and no attempt is scheduled."), gettext_noop("tries again now")
    ),
    "fetchable": Fault(
        gettext_noop("The file was given up, but WhatsApp still has it."), gettext_noop("fetches it again")
    ),
    "preparing_too_long": Fault(gettext_noop("A file has been prepared for sending for over an hour.")),
    "preview_waiting": Fault(gettext_noop("The preview has not been made for over an hour."), gettext_noop("makes it")),
    "never_examined": Fault(
        gettext_noop("The file was never inspected, so it can only be downloaded."), gettext_noop("inspects it")
    ),
    "message_without_file": Fault(gettext_noop("The message is of a kind with a file, but has no row for it."), SAY),
}
