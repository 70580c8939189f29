"""The project's settings, with the bench's empty page beside the product's."""

from __future__ import annotations

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
