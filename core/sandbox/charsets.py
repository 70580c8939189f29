"""All of Python's character sets, loaded before the lock: it would load each when a file first names it.

For work whose files say, or let guess, what they are written in. It takes some 50 ms, so other work names the few that
it needs.
"""

from __future__ import annotations

import encodings
import importlib
import pkgutil
import sys

for _module in pkgutil.iter_modules(encodings.__path__):
    _name = f"encodings.{_module.name}"
    try:
        importlib.import_module(_name)
    except ImportError:
        # Windows alone has it. Python takes that for an unknown character set, instead of looking for it again.
        sys.modules[_name] = None  # type: ignore[assignment]
