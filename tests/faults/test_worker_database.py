"""The worker and a database that goes away: it waits, and works on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.conf import settings

from tests import payloads
from tests.databases import Cluster
from tests.servers import wait_until


@pytest.fixture
def worker(cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    place = urlencode({"host": cluster.settings["HOST"], "port": cluster.settings["PORT"]})
    environment = os.environ | {"DATABASE_URL": f"postgres://postgres@/postgres?{place}"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=settings.BASE_DIR,
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    process.wait(40)


def receive(cluster: Cluster) -> None:
    """A notification as the endpoint leaves it, without the wake-up."""
    body = payloads.encode(payloads.notification(payloads.message()))
    with cluster.connect() as connection:
        connection.execute(
            "INSERT INTO whatsapp_notification (provider, body, signed_with) VALUES ('meta', %s, 1)", [body]
        )


def settled(cluster: Cluster) -> int:
    return int(cluster.psql("SELECT count(*) FROM whatsapp_notification WHERE state = 'processed'")[0][0])


class WorkerDatabaseTests:
    def test_it_works_on_after_the_database_was_restarted(
        self, cluster: Cluster, worker: subprocess.Popen[bytes]
    ) -> None:
        receive(cluster)
        wait_until(lambda: settled(cluster) == 1, 60)
        for round_ in (2, 3):
            cluster.stop()
            cluster.start()
            receive(cluster)
            wait_until(lambda expected=round_: settled(cluster) == expected, 60)  # type: ignore[misc]
        assert worker.poll() is None

    def test_it_ends_when_asked_while_the_database_is_away(
        self, cluster: Cluster, worker: subprocess.Popen[bytes]
    ) -> None:
        receive(cluster)
        wait_until(lambda: settled(cluster) == 1, 60)
        cluster.stop()
        worker.terminate()
        assert worker.wait(40) == 0
