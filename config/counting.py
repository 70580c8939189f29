"""Where the processes of one machine keep their counters, so that /metrics can tell of all of them."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def share_counters(data_dir: Path) -> None:
    """Let this process keep its counters below ``data_dir``, one folder for each machine, if it serves or works.

    To be called before prometheus_client is imported, which reads the variable then. Commands that end at once count
    for nobody. Where the folder cannot be made, each process counts for itself.
    """
    command = Path(sys.argv[0]).name
    if command == "manage.py" and "worker" not in sys.argv[1:2]:
        return
    folder = data_dir / "metrics" / socket.gethostname()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(folder))
