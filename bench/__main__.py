"""`python -m bench [NAME…]`: every figure, each in a process of its own; exits with 1 when a target is missed.

`--large` measures the pages at ten million messages instead, which takes long and much disk.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("accepting", "understanding", "sustained", "bubble", "live", "pages", "api", "sending", "browser")
LARGE = "10000000"


def main() -> int:
    if "--large" in sys.argv:
        return subprocess.run([sys.executable, "-m", "bench.pages", LARGE], check=False).returncode
    chosen = sys.argv[1:] or BENCHES
    missed = [
        name for name in chosen if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    ]
    print(f"\nAll targets met ({', '.join(chosen)})." if not missed else f"\nTargets missed in: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
