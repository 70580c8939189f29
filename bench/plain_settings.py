"""The project's settings, with the plain view in place of the product's pages."""

from __future__ import annotations

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.plain_view"
