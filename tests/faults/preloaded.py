"""What the fork server imports once, so that each process of a test starts at once: Django and the functions to run."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from tests.faults import test_receiving, test_sending  # noqa: E402, F401
