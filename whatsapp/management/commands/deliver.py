"""Deliver payload files to the webhook as WhatsApp would: each one signed, byte for byte."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

#: An index of fixtures, not a payload.
SKIPPED = "MANIFEST.json"
SUFFIXES = {".json", ".bin"}
TIMEOUT = 30


class Command(BaseCommand):
    help = "Sign payload files and post them to the webhook. Folders are walked; .json and .bin files are sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a payload file, or a folder of them")
        parser.add_argument(
            "--url",
            default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/webhooks/meta/",
            help="where to post (default: %(default)s)",
        )
        parser.add_argument("--secret", help="the app secret (default: the first of WHATSAPP_APP_SECRETS)")

    def handle(self, *args: Any, paths: list[Path], url: str, secret: str | None, **options: Any) -> None:
        secret = secret or next(filter(None, settings.WHATSAPP_APP_SECRETS), None)
        if secret is None:
            raise CommandError("There is nothing to sign with: pass --secret, or set WHATSAPP_APP_SECRETS.")
        files = [file for path in paths for file in _files(path)]
        if not files:
            raise CommandError("There is no .json or .bin file at the given paths.")
        accepted = 0
        with requests.Session() as session:
            for file in files:
                found = _deliver(session, url, secret, file.read_bytes())
                accepted += found == "accepted"
                self.stdout.write(f"{found}  {file}")
        refused = len(files) - accepted
        self.stdout.write(f"delivered {len(files)}: accepted {accepted}, refused {refused}")
        if refused:
            raise SystemExit(1)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(
            file for file in path.rglob("*") if file.suffix in SUFFIXES and file.name != SKIPPED and file.is_file()
        )
    else:
        raise CommandError(f"{path} does not exist.")


def _deliver(session: requests.Session, url: str, secret: str, body: bytes) -> str:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    try:
        response = session.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.ConnectionError:
        return f"refused (nothing answers at {url}: start the web process, or name another address with --url)"
    except requests.Timeout:
        return f"refused (no answer within {TIMEOUT} seconds)"
    except requests.RequestException as error:
        return f"refused ({url} cannot be posted to: {error})"
    if response.status_code == 200:
        return "accepted"
    return f"refused ({response.status_code}: {response.text.strip()[:200] or response.reason})"
