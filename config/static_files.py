"""Which static files of libraries `collectstatic` copies."""

from __future__ import annotations

from django.contrib.staticfiles import apps as staticfiles_apps


class StaticFilesConfig(staticfiles_apps.StaticFilesConfig):
    """Leaves out megabytes that no page loads: hashing and compressing them took most of `collectstatic`'s time."""

    ignore_patterns = [
        *staticfiles_apps.StaticFilesConfig.ignore_patterns,
        "ninja/redoc.*",  # the API reference uses Swagger UI
        # Pages load htmx-2.min.js and django-htmx.js.
        "django_htmx/ext/*",
        "django_htmx/htm*-4*",
        "django_htmx/htmx-2.js",
    ]
