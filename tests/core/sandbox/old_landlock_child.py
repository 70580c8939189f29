"""The child on a kernel that has only the first version of Landlock."""

from __future__ import annotations

from core.sandbox import child, landlock

if __name__ == "__main__":
    landlock.abi = lambda: 1
    child.main()
