"""Everything that opens a file from outside runs here, in a child process that `core.sandbox` locks in.

Nothing below this folder imports Django, reads settings or opens a connection, and every import stands at the top of
its module: after the lock nothing can be imported. The modules beside this folder start the children and check what
they leave.
"""

from __future__ import annotations


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for the catalogues. It is kept in English, and translated when a page shows it."""
    return sentence


#: Why a document with a password has neither a preview nor a text.
PROTECTED = gettext_noop("This document is protected by a password.")
