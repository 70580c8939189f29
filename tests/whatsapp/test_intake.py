"""Tests of the webhook endpoint: real requests to the running web process, rows in the journal."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import requests
from django.db import connection
from prometheus_client import REGISTRY
from pytest_django import Settings

from tests import payloads
from tests.databases import Cluster
from tests.servers import WebServer, serve, wait_until
from whatsapp import journal
from whatsapp.database import connection_parameters
from whatsapp.models import Notification

PATH = "/webhooks/meta/"


def a_body() -> bytes:
    return payloads.encode(payloads.notification(payloads.message()))


def post(server: WebServer, body: bytes, **headers: str | bytes | None) -> requests.Response:
    """POST the body, signed unless ``headers`` say otherwise. No answer within two seconds is an error."""
    signed = {"X-Hub-Signature-256": payloads.signature(body)}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(server.url + PATH, data=body, headers=signed | given, timeout=2)  # type: ignore[operator]


def talk(server: WebServer, request: bytes) -> bytes:
    """Send these bytes as they are and return everything that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(request)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    return answer


def head(**headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("webhooks_refused_total", {"reason": reason}) or 0


@contextmanager
def journal_locked() -> Iterator[None]:
    """Inside, no commit to the journal ends; those under way go on afterwards."""
    with psycopg.connect(**connection_parameters(application_name="test") | {"autocommit": False}) as blocker:
        blocker.execute("LOCK TABLE whatsapp_notification IN SHARE MODE")
        yield


def blocked_commits() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'inbox door' AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


class HandshakeTests:
    QUESTION = {"hub.mode": "subscribe", "hub.verify_token": "test-verify-token", "hub.challenge": "1158201444"}

    def ask(self, server: WebServer, **changes: str) -> requests.Response:
        query = self.QUESTION | {f"hub.{name}": value for name, value in changes.items()}
        return requests.get(server.url + PATH, params=query, timeout=2)

    def test_it_works(self, web_server: WebServer) -> None:
        answer = self.ask(web_server)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        assert answer.headers["Content-Type"].startswith("text/plain")

    def test_it_refuses_others_and_echoes_nothing(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        for changes in (
            {"verify_token": "guess"},
            {"verify_token": ""},
            {"verify_token": "tëst-verify-token"},
            {"mode": "unsubscribe"},
            {"challenge": ""},
            {"challenge": "<script>alert(1)</script>"},
            {"challenge": "1\r\nSet-Cookie: a=b"},
            {"challenge": "1" * 129},
            {"challenge": "١١٥"},
        ):
            with subtests.test(**changes):
                answer = self.ask(web_server, **changes)
                assert answer.status_code == 403
                assert answer.headers["Content-Type"].startswith("text/plain")
                assert not changes.get("challenge") or changes["challenge"] not in answer.text

    def test_it_refuses_a_bare_get(self, web_server: WebServer) -> None:
        assert requests.get(web_server.url + PATH, timeout=2).status_code == 403

    def test_it_refuses_everybody_while_no_token_is_set(self, transactional_db: None, settings: Settings) -> None:
        settings.WHATSAPP_VERIFY_TOKEN = ""
        with serve() as server:
            assert self.ask(server, verify_token="").status_code == 403


class NotificationTests:
    def test_it_works(self, web_server: WebServer) -> None:
        body = a_body()
        assert post(web_server, body).status_code == 200
        notification = Notification.objects.get()
        assert bytes(notification.body) == body
        assert (notification.provider, notification.state, notification.signed_with) == ("meta", "pending", 1)
        assert notification.problems == []
        assert notification.received_at is not None

    def test_it_keeps_whatever_is_signed_byte_for_byte(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        utf_16 = '{"text": "ä \\ud83d"}'.encode("utf-16")
        for body in (b"", b"{", b"\x00\xff\xfe", utf_16, b'{"a": "\\u0000"}', b"[" * 20_000):
            with subtests.test(body=body[:20]):
                assert post(web_server, body).status_code == 200
                assert bytes(Notification.objects.latest("id").body) == body

    def test_it_takes_any_content_type(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x", None):
            with subtests.test(content_type=content_type):
                body = a_body()
                assert post(web_server, body, Content_Type=content_type).status_code == 200
                assert bytes(Notification.objects.latest("id").body) == body

    def test_it_takes_the_address_without_its_last_slash(self, web_server: WebServer) -> None:
        body = a_body()
        headers = {"X-Hub-Signature-256": payloads.signature(body)}
        answer = requests.post(web_server.url + PATH.rstrip("/"), data=body, headers=headers, timeout=2)
        assert answer.status_code == 200
        assert Notification.objects.count() == 1

    def test_it_takes_a_chunked_body(self, web_server: WebServer) -> None:
        body = a_body()
        headers = {"X-Hub-Signature-256": payloads.signature(body)}
        answer = requests.post(web_server.url + PATH, data=iter([body[:100], body[100:]]), headers=headers, timeout=2)
        assert answer.status_code == 200
        assert bytes(Notification.objects.get().body) == body

    def test_it_stores_the_same_notification_as_often_as_it_comes(self, web_server: WebServer) -> None:
        body = a_body()
        assert [post(web_server, body).status_code for _ in range(3)] == [200, 200, 200]
        assert Notification.objects.count() == 3

    def test_it_refuses_other_methods(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        for method in ("PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"):
            with subtests.test(method=method):
                answer = requests.request(method, web_server.url + PATH, timeout=2)
                assert answer.status_code == 405
                assert answer.headers["Allow"] == "GET, POST"


class SignatureTests:
    ZEROS = "sha256=" + "0" * 64

    def test_it_refuses_what_our_secret_did_not_sign(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        body = a_body()
        right = payloads.signature(body)
        for signature in (
            None,
            "",
            "sha256=",
            "sha256=zz",
            self.ZEROS,
            "é".encode(),
            b"sha256=\xe9",
            "sha256=" + right.removeprefix("sha256=").upper(),
            right.removeprefix("sha256="),
            right + ", " + right,
            payloads.signature(body, "another secret"),
            payloads.signature(body + b"\n"),
        ):
            with subtests.test(signature=signature):
                before = refused("signature")
                assert post(web_server, body, X_Hub_Signature_256=signature).status_code == 401
                assert Notification.objects.count() == 0
                assert refused("signature") == before + 1

    def test_it_refuses_the_old_sha1_header(self, web_server: WebServer) -> None:
        answer = post(web_server, a_body(), X_Hub_Signature_256=None, X_Hub_Signature="sha1=" + "0" * 40)
        assert answer.status_code == 401

    def test_it_refuses_an_altered_body(self, web_server: WebServer) -> None:
        body = a_body()
        altered = body.replace(b"Good", b"Gold")
        assert post(web_server, altered, X_Hub_Signature_256=payloads.signature(body)).status_code == 401
        assert Notification.objects.count() == 0

    def test_it_refuses_the_same_json_written_differently(self, web_server: WebServer) -> None:
        body = payloads.encode({"text": {"body": "café"}})
        rewritten = json.dumps(json.loads(body), ensure_ascii=False).encode()
        assert post(web_server, rewritten, X_Hub_Signature_256=payloads.signature(body)).status_code == 401
        assert Notification.objects.count() == 0

    def test_it_refuses_two_signatures_even_if_one_is_right(self, web_server: WebServer) -> None:
        body, before = a_body(), refused("signature")
        right = f"X-Hub-Signature-256: {payloads.signature(body)}\r\n".encode()
        both = right + f"X-Hub-Signature-256: {self.ZEROS}\r\nConnection: close\r\n\r\n".encode()
        for lines in (both, both.replace(b"Connection", right + b"Connection", 1)):
            answer = talk(web_server, head(Content_Length=str(len(body))).removesuffix(b"\r\n") + lines + body)
            assert answer.startswith(b"HTTP/1.1 401 ")
        assert Notification.objects.count() == 0
        assert refused("signature") == before + 2

    def test_it_takes_the_previous_secret_while_rotating_and_says_so(self, web_server: WebServer) -> None:
        body = a_body()
        signature = payloads.signature(body, payloads.PREVIOUS_SECRET)
        assert post(web_server, body, X_Hub_Signature_256=signature).status_code == 200
        assert Notification.objects.get().signed_with == 2

    def test_it_refuses_everything_while_there_is_no_secret(self, transactional_db: None, settings: Settings) -> None:
        settings.DEBUG = True  # Production does not start then.
        settings.WHATSAPP_APP_SECRETS = [""]
        body = a_body()
        with serve() as server:
            assert post(server, body, X_Hub_Signature_256=payloads.signature(body, "")).status_code == 401
        assert Notification.objects.count() == 0


class TransportTests:
    LIMIT = 4 * 1024 * 1024

    def test_it_takes_a_body_of_the_limit(self, web_server: WebServer) -> None:
        body = b" " * self.LIMIT
        assert post(web_server, body).status_code == 200
        assert len(Notification.objects.get().body) == self.LIMIT

    def test_it_refuses_one_byte_more(self, web_server: WebServer) -> None:
        assert post(web_server, b" " * (self.LIMIT + 1)).status_code == 413
        assert Notification.objects.count() == 0

    def test_it_refuses_a_length_beyond_the_limit_before_the_body_comes(self, web_server: WebServer) -> None:
        announced = head(Content_Length="50000000", X_Hub_Signature_256=SignatureTests.ZEROS)
        assert talk(web_server, announced).startswith(b"HTTP/1.1 413 ")

    def test_it_stops_reading_a_chunked_body_that_does_not_end(self, web_server: WebServer) -> None:
        sent = 0
        with socket.create_connection(("127.0.0.1", web_server.port), timeout=10) as wire:
            wire.sendall(head(Transfer_Encoding="chunked", X_Hub_Signature_256=SignatureTests.ZEROS))
            chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
            try:
                while sent < 200 * len(chunk):
                    wire.sendall(chunk)
                    sent += len(chunk)
            except OSError as error:
                hung_up = isinstance(error, ConnectionError)
            else:
                hung_up = False
        assert hung_up, "the server read 200 MiB"
        assert Notification.objects.count() == 0

    def test_it_reads_the_chunks_and_not_the_length_beside_them(self, web_server: WebServer) -> None:
        lying = head(Content_Length="10", Transfer_Encoding="chunked", X_Hub_Signature_256=SignatureTests.ZEROS)
        answer = talk(web_server, lying + b"5\r\nhello\r\n0\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))
        assert Notification.objects.count() == 0

    def test_it_forgets_a_body_that_stops_half_way(self, web_server: WebServer) -> None:
        body, before = a_body(), refused("disconnected")
        with socket.create_connection(("127.0.0.1", web_server.port)) as wire:
            signature = payloads.signature(body[:100])
            wire.sendall(head(Content_Length=str(len(body)), X_Hub_Signature_256=signature) + body[:100])
        wait_until(lambda: refused("disconnected") > before)
        assert Notification.objects.count() == 0

    def test_it_refuses_compressed_bodies(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        bomb = gzip.compress(b" " * self.LIMIT)
        for encoding in ("gzip", "deflate", "br", "gzip, identity"):
            with subtests.test(encoding=encoding):
                assert post(web_server, bomb, Content_Encoding=encoding).status_code == 415
        assert Notification.objects.count() == 0

    def test_it_takes_the_identity_encoding(self, web_server: WebServer) -> None:
        assert post(web_server, a_body(), Content_Encoding="identity").status_code == 200


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
        assert self.waiting() == [(journal.WAKE_UP_QUEUE, journal.WAKE_UP_TASK, "{}")]

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
            worker.execute(f'LISTEN "procrastinate_queue_v1#{journal.WAKE_UP_QUEUE}"'.encode())
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
        """A web process on the second database server, which may be taken away."""
        with cluster.as_default(), serve() as server:
            yield server

    def stored(self, cluster: Cluster) -> list[bytes]:
        return [bytes(row[0]) for row in cluster.psql("SELECT body FROM whatsapp_notification ORDER BY id")]

    @pytest.mark.parametrize("connected", [True, False], ids=["connected before", "never connected"])
    def test_it_answers_503_while_the_database_is_down_and_heals(
        self, server: WebServer, cluster: Cluster, connected: bool
    ) -> None:
        if connected:
            assert post(server, a_body()).status_code == 200
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
            assert post(server, a_body()).status_code == 200
        cluster.freeze()
        assert post(server, a_body()).status_code == 503
        cluster.thaw()
        body = a_body()
        wait_until(lambda: post(server, body).status_code == 200)
        assert body in self.stored(cluster)

    def test_a_restart_while_nobody_writes_is_not_noticed(self, server: WebServer, cluster: Cluster) -> None:
        assert post(server, a_body()).status_code == 200
        cluster.stop()
        cluster.start()
        assert post(server, a_body()).status_code == 200
        assert len(self.stored(cluster)) == 2

    def test_a_connection_lost_during_the_commit_is_503(self, server: WebServer, cluster: Cluster) -> None:
        with ThreadPoolExecutor() as pool, cluster.connect() as blocker:
            blocker.execute("LOCK TABLE whatsapp_notification IN SHARE MODE")
            answer = pool.submit(post, server, a_body())
            ours = "FROM pg_stat_activity WHERE application_name = 'inbox door' AND wait_event_type = 'Lock'"
            wait_until(lambda: cluster.psql(f"SELECT 1 {ours}"))
            cluster.psql(f"SELECT pg_terminate_backend(pid) {ours}")
            assert answer.result().status_code == 503
        assert post(server, a_body()).status_code == 200

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
