"""Documents that are ZIP files of XML: their members, within bounds and without anything from outside."""

from __future__ import annotations

import zipfile
from typing import Any

from lxml import etree

from core.sandbox import RefusalError
from inbox.media.sandboxed import PROTECTED, gettext_noop

#: A member that unpacks to more than this is not read: 32 MiB of XML are hundreds of thousands of words.
MEMBER_BYTES = 32 * 1024 * 1024
TOO_LARGE = gettext_noop("This document is too large to be shown here.")


def member(package: zipfile.ZipFile, name: str) -> bytes:
    """The content of one member. Raises KeyError when there is none, RefusalError when it is too large."""
    with package.open(name) as file:
        content = file.read(MEMBER_BYTES + 1)
    if len(content) > MEMBER_BYTES:
        raise RefusalError(TOO_LARGE)
    return content


def xml(package: zipfile.ZipFile, name: str) -> Any:
    """The root element of one member, with no entity resolved and nothing fetched. Raises as `member` does."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(member(package, name), parser)


def local(element: Any) -> str:
    """An element's name without its namespace; empty for comments and entities."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def refuse_encrypted(package: zipfile.ZipFile) -> None:
    """Raise RefusalError for an OpenDocument file with a password: its manifest says so (OpenDocument 1.3, part 2)."""
    if "META-INF/manifest.xml" in package.namelist() and b"encryption-data" in member(package, "META-INF/manifest.xml"):
        raise RefusalError(PROTECTED)
