"""Static files as production serves them: scripts minified, all named by their hash; and the modules of a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from posixpath import dirname, join, normpath
from typing import Any

import rjsmin
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

#: Our own scripts, which are minified; libraries' come so.
SCRIPTS = "js/"
#: What a module imports at its start, as we write it and as it is minified. ``import()`` loads later.
IMPORT = re.compile(r"""(?:^|;)\s*(?:import|export)\b[^;"'(=]*["'](\.[^"']+)["']""", re.MULTILINE)


class MinifiedScripts:
    """A storage whose scripts are read without comments and without white space that means nothing."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def open(self, name: str) -> File[bytes]:
        with self._storage.open(name) as file:
            return ContentFile(rjsmin.jsmin(file.read().decode()).encode())


class MinifiedManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # has no types
    """Minifies our scripts, and names every file by its hash, also where a module imports it."""

    #: Each pass settles one level of imports.
    max_post_process_passes = 20
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[tuple[str, str, bool]]:
        for name, (storage, path) in list(paths.items()):
            if name.startswith(SCRIPTS):
                paths[name] = (MinifiedScripts(storage), path)
        yield from super().post_process(paths, *args, **options)


def module_addresses(name: str) -> list[str]:
    """The addresses of all modules that a script of ours imports at its start; its own comes last. Kept for as long as
    the process runs, except while developing."""
    return _closure(name) if settings.DEBUG else _kept_closure(name)


def _closure(name: str) -> list[str]:
    seen: dict[str, None] = {}

    def visit(served: str) -> None:
        if served in seen:
            return
        seen[served] = None
        for relative in IMPORT.findall(_source(served)):
            visit(normpath(join(dirname(served), relative)))

    visit(staticfiles_storage.url(name).removeprefix(settings.STATIC_URL))
    script, *imported = [settings.STATIC_URL + served for served in seen]
    return [*imported, script]


_kept_closure = cache(_closure)


def _source(served: str) -> str:
    """A script's text; empty where static files were not collected."""
    try:
        with open(finders.find(served) or staticfiles_storage.path(served), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
