"""The child with a lock that does nothing."""

from __future__ import annotations

from core.sandbox import child

if __name__ == "__main__":
    child.lock = lambda *_: None
    child.main()
