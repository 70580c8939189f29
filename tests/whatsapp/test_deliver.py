"""Tests of the command `deliver`, against the running web process."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests import payloads
from tests.servers import WebServer
from whatsapp.models import Notification


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two payloads, one of them in a folder below, an index, and a file that is none of it."""
    below = tmp_path / "a" / "below"
    below.mkdir(parents=True)
    (tmp_path / "b.json").write_bytes(payloads.encode(payloads.notification(payloads.message())))
    (below / "broken.bin").write_bytes(b"\xff\xfe\x00 not json \r\n")
    (tmp_path / "MANIFEST.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("not a payload")
    return tmp_path


def deliver(*arguments: object) -> tuple[list[str], int]:
    """The lines it printed, and the exit code."""
    output = io.StringIO()
    try:
        call_command("deliver", *map(str, arguments), stdout=output)
    except SystemExit as end:
        return output.getvalue().splitlines(), int(end.code or 0)
    return output.getvalue().splitlines(), 0


class DeliverTests:
    def test_it_works(self, web_server: WebServer, folder: Path) -> None:
        lines, code = deliver("--url", web_server.url + "/webhooks/meta/", folder)
        assert lines == [
            f"accepted  {folder / 'a' / 'below' / 'broken.bin'}",
            f"accepted  {folder / 'b.json'}",
            "delivered 2: accepted 2, refused 0",
        ]
        assert code == 0
        stored = [bytes(each.body) for each in Notification.objects.order_by("id")]
        assert stored == [(folder / "a/below/broken.bin").read_bytes(), (folder / "b.json").read_bytes()]

    def test_it_delivers_single_files_whatever_they_are_called(self, web_server: WebServer, folder: Path) -> None:
        lines, code = deliver("--url", web_server.url + "/webhooks/meta/", folder / "notes.txt", folder / "b.json")
        assert (lines[-1], code) == ("delivered 2: accepted 2, refused 0", 0)

    def test_it_counts_what_is_refused(self, web_server: WebServer, folder: Path) -> None:
        lines, code = deliver("--url", web_server.url + "/webhooks/meta/", "--secret", "wrong", folder)
        assert lines[0].startswith("refused (401: ")
        assert (lines[-1], code) == ("delivered 2: accepted 0, refused 2", 1)
        assert Notification.objects.count() == 0

    def test_it_says_when_nothing_answers(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            url = f"http://127.0.0.1:{probe.getsockname()[1]}/webhooks/meta/"
        lines, code = deliver("--url", url, folder)
        assert f"nothing answers at {url}" in lines[0]
        assert (lines[-1], code) == ("delivered 2: accepted 0, refused 2", 1)

    def test_it_names_a_path_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="missing does not exist"):
            deliver(tmp_path / "missing")

    def test_it_says_when_there_is_nothing_to_deliver(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"no \.json or \.bin file"):
            deliver(tmp_path)

    def test_it_needs_a_secret(self, folder: Path, settings: Settings) -> None:
        settings.WHATSAPP_APP_SECRETS = []
        with pytest.raises(CommandError, match="nothing to sign with"):
            deliver(folder)
