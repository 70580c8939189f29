"""Load all of Python's character sets before the sandbox is locked: Python imports each when first used.

For files that name, or whose text suggests, their encoding. It takes about 50 ms, so other work imports the few it
needs.
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
