"""The faults that a reconciliation finds between the storage and the database, and what can be done about each."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """``sentence`` says what is wrong, ``remedy`` what --apply does; empty when only people can mend it."""

    sentence: str
    remedy: str = ""


FAULTS = {
    # Rows without their object.
    "missing_fetchable": Fault("The file is gone from the storage; WhatsApp still has it.", "fetches it again"),
    "missing_lost": Fault("The file is gone from the storage, and WhatsApp no longer has it.", "says so in the thread"),
    "missing_quarantined": Fault("The file lies in quarantine, and a row needs it.", "puts it back"),
    "under_another_key": Fault("The file lies under its key with a suffix that AWS appended.", "corrects the key"),
    "stored_without_key": Fault("The row says “stored” and names no file.", "fetches it, or says that it is lost"),
    "thumbnail_missing": Fault("The preview's picture is gone from the storage.", "draws it again"),
    "playable_missing": Fault("The playable copy of a file is gone from the storage.", "makes it again"),
    "upload_missing": Fault("A file that waits to be sent is gone from the storage.", "asks to attach it again"),
    # Objects that are not what the row says.
    "file_empty": Fault("The stored file is empty.", "fetches it again while WhatsApp has it"),
    "size_differs": Fault("The stored file has another size than the row.", "fetches it again while WhatsApp has it"),
    "digest_differs": Fault("The stored bytes are not those that came.", "fetches it again while WhatsApp has it"),
    "unreadable": Fault("The storage has the file and cannot read it.", "fetches it again while WhatsApp has it"),
    "size_unknown": Fault("The row does not know its file's size.", "takes it from the storage"),
    "shared_file": Fault("Two messages have one file of ours, where each has its own."),
    # Objects without a row.
    "not_recorded": Fault("The file is in the storage, and its row does not know.", "adopts it, if it is the one"),
    "orphan_file": Fault("A file of ours that no message has.", "moves it to quarantine"),
    "orphan_preview": Fault("A preview of no file.", "moves it to quarantine"),
    "orphan_upload": Fault("A file that somebody attached, of no draft.", "moves it to quarantine"),
    "leftover_probe": Fault("A test file that the doctor left.", "moves it to quarantine"),
    "unknown_object": Fault("A file that is not ours and that nothing names."),
    # Rows that do not move.
    "waiting_too_long": Fault("The file has been waited for longer than a day.", "tries again now"),
    "waiting_forever": Fault("The file is waited for, and nothing will happen by itself.", "tries again now"),
    "fetchable": Fault("The file was given up, and WhatsApp still has it.", "fetches it again"),
    "preparing_too_long": Fault("A file has been prepared for sending for over an hour."),
    "preview_waiting": Fault("The preview has not been made for over an hour.", "makes it"),
    "never_examined": Fault("The file's bytes were never looked at, so it is only downloaded.", "looks at it"),
    "message_without_file": Fault("The message has a file's kind and no row for the file.", "says so in the thread"),
}
