"""What the fork server imports once, so that each process of a test starts at once: Django with the tests' settings."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from inbox.receiving import pipeline  # noqa: E402, F401
