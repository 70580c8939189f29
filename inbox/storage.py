"""Private local files behind signed, expiring addresses: what S3 does, for machines without S3."""

from __future__ import annotations

from django.core.files.storage import FileSystemStorage


class SignedFileSystemStorage(FileSystemStorage):
    pass
