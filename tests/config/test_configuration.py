"""The page that explains the settings, and the example file, name all of them and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: Read outside settings.py, by `make run`.
ELSEWHERE = {"PORT"}


def names_in_settings() -> set[str]:
    settings = (ROOT / "config" / "settings.py").read_text()
    return set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', settings))


class ConfigurationTests:
    def test_the_page_explains_every_setting(self) -> None:
        rows = re.findall(r"^\| (`[^|]+`) \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
        explained = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}
        assert explained == names_in_settings() | ELSEWHERE

    def test_the_example_file_names_every_setting(self) -> None:
        lines = (ROOT / ".env.example").read_text().splitlines()
        named = {found[1] for line in lines if (found := re.match(r"#?([A-Z][A-Z0-9_]+)=", line))}
        assert named == names_in_settings()
