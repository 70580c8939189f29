"""Files that agents and programs send: received, stored, converted for WhatsApp, and attached to their message.

A file is in the storage before anything else happens to it. One that cannot be sent says why in a sentence.
"""

from __future__ import annotations

from inbox.media.uploads.attaching import attach, attach_again, finish, media_of
from inbox.media.uploads.cleanup import FORGET_AFTER, discard, forget
from inbox.media.uploads.preparing import change_kind, prepare, sweep
from inbox.media.uploads.receiving import kind_for, receive
from inbox.media.uploads.refusals import FileRefusedError, TooMuchError

__all__ = [
    "FORGET_AFTER",
    "FileRefusedError",
    "TooMuchError",
    "attach",
    "attach_again",
    "change_kind",
    "discard",
    "finish",
    "forget",
    "kind_for",
    "media_of",
    "prepare",
    "receive",
    "sweep",
]
