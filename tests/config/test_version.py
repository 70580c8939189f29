"""The version is the same wherever it is shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from config import __version__
from inbox.models import Agent

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_prints_it_and_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{__version__}\n"


@pytest.mark.django_db
def test_health_and_the_admins_foot_show_it(client: Client, admin: Agent) -> None:
    assert client.get("/health/ready").json()["version"] == __version__
    client.force_login(admin)
    assert f"Version {__version__}" in re.sub(r"<[^>]+>", "", client.get("/admin/").text)


def test_the_changelog_has_a_section_for_it() -> None:
    assert re.search(rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
