"""Tests of the webhook endpoint, over HTTP against the running web process."""

from __future__ import annotations

import requests

from tests import payloads
from tests.servers import WebServer
from whatsapp.models import Notification


def post(server: WebServer, body: bytes, **headers: str) -> requests.Response:
    signed = {"X-Hub-Signature-256": payloads.signature(body)} | headers
    return requests.post(server.url + "/webhooks/meta/", data=body, headers=signed, timeout=10)


class NotificationTests:
    def test_it_works(self, web_server: WebServer) -> None:
        body = payloads.encode(payloads.notification(payloads.message()))
        answer = post(web_server, body)
        assert answer.status_code == 200
        notification = Notification.objects.get()
        assert bytes(notification.body) == body
        assert notification.state == Notification.State.PENDING

    def test_page(self, web_server: WebServer) -> None:
        r = requests.get(web_server.url + "/accounts/login/")
        assert r.status_code == 200
