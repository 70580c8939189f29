"""`python -m bench`: every figure, each bench in a process of its own; exits with 1 when a target is missed."""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("accepting", "understanding", "sustained", "bubble", "live", "pages")


def main() -> int:
    chosen = sys.argv[1:] or BENCHES
    missed = [
        name for name in chosen if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    ]
    print(f"\nAll targets met ({', '.join(chosen)})." if not missed else f"\nTargets missed in: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
