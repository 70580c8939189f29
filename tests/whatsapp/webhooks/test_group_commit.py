"""Tests of the group commit behind the webhook endpoint: many at once, and a database that goes away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from core.postgres.async_connection import connection_parameters
from tests import payloads
from tests.databases import Cluster
from tests.servers import WebServer, serve, wait_until
from tests.webhooks import a_body, head, post, refused
from whatsapp.models import Notification
from whatsapp.webhooks import group_commit, journal


@contextmanager
def journal_locked() -> Iterator[None]:
    """Inside, no commit to the journal ends; those under way go on afterwards."""
    with psycopg.connect(**connection_parameters(application_name="test") | {"autocommit": False}) as blocker:
        blocker.execute("LOCK TABLE whatsapp_notification IN SHARE MODE")
        yield


def blocked_commits() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'inbox door' AND wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


class GroupCommitTests:
    @pytest.fixture
    def pool(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(32) as pool:
            yield pool

    def test_parallel_notifications_are_all_there(self, web_server: WebServer, pool: ThreadPoolExecutor) -> None:
        bodies = [a_body() for _ in range(200)]
        answers = list(pool.map(lambda body: post(web_server, body).status_code, bodies))
        assert answers == [200] * 200
        assert sorted(bytes(each.body) for each in Notification.objects.all()) == sorted(bodies)

    def test_those_that_arrive_during_a_commit_share_the_next(
        self, web_server: WebServer, pool: ThreadPoolExecutor
    ) -> None:
        with journal_locked():
            first = pool.submit(post, web_server, a_body())
            wait_until(blocked_commits)
            others = [pool.submit(post, web_server, a_body()) for _ in range(10)]
            wait_until(lambda: web_server.requests_in_progress == 11)
            assert not any(answer.done() for answer in [first, *others])
        assert [answer.result().status_code for answer in [first, *others]] == [200] * 11
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM whatsapp_notification GROUP BY xmin::text ORDER BY 1")
            assert cursor.fetchall() == [(1,), (10,)]

    def test_a_full_queue_answers_503_at_once(
        self, transactional_db: None, settings: Settings, pool: ThreadPoolExecutor
    ) -> None:
        settings.WEBHOOK_QUEUE_LIMIT = 3
        before = refused("full")
        with serve() as server:
            with journal_locked():
                answers = [pool.submit(post, server, a_body()) for _ in range(10)]
                wait_until(lambda: sum(answer.done() for answer in answers) == 7)
            codes = sorted(answer.result().status_code for answer in answers)
        assert codes == [200] * 3 + [503] * 7
        assert refused("full") == before + 7
        assert Notification.objects.count() == 3

    def test_a_sender_that_hangs_up_takes_nobody_with_it(self, web_server: WebServer, pool: ThreadPoolExecutor) -> None:
        first, gone, last = a_body(), a_body(), a_body()
        with journal_locked():
            answers = [pool.submit(post, web_server, first)]
            wait_until(blocked_commits)
            with socket.create_connection(("127.0.0.1", web_server.port)) as wire:
                signature = payloads.signature(gone)
                wire.sendall(head(Content_Length=str(len(gone)), X_Hub_Signature_256=signature) + gone)
                wait_until(lambda: web_server.requests_in_progress == 2)
            answers.append(pool.submit(post, web_server, last))
            wait_until(lambda: web_server.requests_in_progress == 3)
        assert [answer.result().status_code for answer in answers] == [200, 200]
        assert sorted(bytes(each.body) for each in Notification.objects.all()) == sorted([first, gone, last])

    def test_one_row_that_the_table_refuses_does_not_sink_the_others(
        self, web_server: WebServer, pool: ThreadPoolExecutor
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE whatsapp_notification ADD CONSTRAINT test_refuses CHECK (body <> 'poison')")
        try:
            with journal_locked():
                first = pool.submit(post, web_server, a_body())
                wait_until(blocked_commits)
                poison = pool.submit(post, web_server, b"poison")
                others = [pool.submit(post, web_server, a_body()) for _ in range(5)]
                wait_until(lambda: web_server.requests_in_progress == 7)
            assert [answer.result().status_code for answer in [first, *others]] == [200] * 6
            assert poison.result().status_code == 503
            assert Notification.objects.count() == 6
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE whatsapp_notification DROP CONSTRAINT test_refuses")


class WakeUpTests:
    def waiting(self) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT queue_name, task_name, args FROM procrastinate_jobs WHERE status = 'todo'")
            return cursor.fetchall()

    def test_it_works(self, web_server: WebServer) -> None:
        post(web_server, a_body())
        wait_until(self.waiting)
        assert self.waiting() == [(journal.QUEUE, journal.TASK, "{}")]

    def test_many_notifications_leave_one_waiting_job(self, web_server: WebServer) -> None:
        for _ in range(20):
            post(web_server, a_body())
        wait_until(self.waiting)
        assert len(self.waiting()) == 1

    def test_it_wakes_the_worker_again_after_it_took_the_first_job(self, web_server: WebServer) -> None:
        post(web_server, a_body())
        wait_until(self.waiting)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        post(web_server, a_body())
        wait_until(self.waiting)

    def test_it_tells_a_listening_worker(self, web_server: WebServer) -> None:
        with psycopg.connect(**connection_parameters(application_name="test")) as worker:
            worker.execute(f'LISTEN "procrastinate_queue_v1#{journal.QUEUE}"'.encode())
            post(web_server, a_body())
            assert list(worker.notifies(timeout=10, stop_after=1))

    def test_a_notification_is_accepted_although_the_wake_up_fails(self, web_server: WebServer) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE procrastinate_jobs RENAME TO procrastinate_jobs_away")
        try:
            assert [post(web_server, a_body()).status_code for _ in range(3)] == [200] * 3
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE procrastinate_jobs_away RENAME TO procrastinate_jobs")
        assert Notification.objects.count() == 3


class DatabaseAwayTests:
    @pytest.fixture
    def server(self, cluster: Cluster, db: None) -> Iterator[WebServer]:
        """A web process on the second database server, which may be taken away; as patient as the product is."""
        with cluster.as_default(), serve(patience=group_commit.PATIENCE) as server:
            yield server

    @pytest.fixture
    def patient(self, cluster: Cluster, db: None) -> Iterator[WebServer]:
        """The same for what has to be accepted at the first attempt, however busy the machine is."""
        with cluster.as_default(), serve() as server:
            yield server

    def stored(self, cluster: Cluster) -> list[bytes]:
        return [bytes(row[0]) for row in cluster.psql("SELECT body FROM whatsapp_notification ORDER BY id")]

    @pytest.mark.parametrize("connected", [True, False], ids=["connected before", "never connected"])
    def test_it_answers_503_while_the_database_is_down_and_heals(
        self, server: WebServer, cluster: Cluster, connected: bool
    ) -> None:
        if connected:
            wait_until(lambda: post(server, a_body()).status_code == 200)
        cluster.stop()
        assert [post(server, a_body()).status_code for _ in range(3)] == [503] * 3
        cluster.start()
        body = a_body()
        wait_until(lambda: post(server, body).status_code == 200)
        assert self.stored(cluster)[-1] == body

    @pytest.mark.parametrize("connected", [True, False], ids=["connected before", "never connected"])
    def test_it_answers_503_while_the_database_hangs_and_heals(
        self, server: WebServer, cluster: Cluster, connected: bool
    ) -> None:
        if connected:
            wait_until(lambda: post(server, a_body()).status_code == 200)
        cluster.freeze()
        assert post(server, a_body()).status_code == 503
        cluster.thaw()
        body = a_body()
        wait_until(lambda: post(server, body).status_code == 200)
        assert body in self.stored(cluster)

    def test_a_restart_while_nobody_writes_is_not_noticed(self, patient: WebServer, cluster: Cluster) -> None:
        assert post(patient, a_body()).status_code == 200
        cluster.stop()
        cluster.start()
        assert post(patient, a_body()).status_code == 200
        assert len(self.stored(cluster)) == 2

    def test_a_connection_lost_during_the_commit_is_503(self, patient: WebServer, cluster: Cluster) -> None:
        with ThreadPoolExecutor() as pool, cluster.connect() as blocker:
            blocker.execute("LOCK TABLE whatsapp_notification IN SHARE MODE")
            answer = pool.submit(post, patient, a_body())
            ours = "FROM pg_stat_activity WHERE application_name = 'inbox door' AND wait_event_type = 'Lock'"
            wait_until(lambda: cluster.psql(f"SELECT 1 {ours}"))
            cluster.psql(f"SELECT pg_terminate_backend(pid) {ours}")
            assert answer.result().status_code == 503
        assert post(patient, a_body()).status_code == 200

    def test_a_table_that_stays_locked_is_503(self, server: WebServer, cluster: Cluster) -> None:
        with cluster.connect() as blocker:
            blocker.execute("LOCK TABLE whatsapp_notification IN SHARE MODE")
            assert post(server, a_body()).status_code == 503
        wait_until(lambda: post(server, a_body()).status_code == 200)

    def test_nothing_acknowledged_is_lost_when_the_database_restarts_under_load(
        self, server: WebServer, cluster: Cluster
    ) -> None:
        acknowledged: list[bytes] = []
        refusals: list[int] = []
        done = threading.Event()

        def send() -> None:
            while not done.is_set():
                body = a_body()
                code = post(server, body).status_code
                if code == 200:
                    acknowledged.append(body)
                else:
                    refusals.append(code)

        with ThreadPoolExecutor(8) as pool:
            senders: list[Future[None]] = [pool.submit(send) for _ in range(8)]
            try:
                for _ in range(2):
                    enough = len(acknowledged) + 50
                    wait_until(lambda enough=enough: len(acknowledged) > enough)  # type: ignore[misc]
                    cluster.stop()
                    failed = len(refusals)
                    wait_until(lambda failed=failed: len(refusals) > failed)  # type: ignore[misc]
                    cluster.start()
                enough = len(acknowledged) + 50
                wait_until(lambda: len(acknowledged) > enough)
            finally:
                done.set()
            wait(senders)
            for sender in senders:
                sender.result()
        assert set(refusals) == {503}
        assert set(acknowledged) <= set(self.stored(cluster))
