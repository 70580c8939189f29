"""The locks hold what requirements.txt and requirements-dev.txt ask for, with hashes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)(.*?)(?=^[a-z]|\Z)", re.MULTILINE | re.DOTALL)


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Version and the rest of the entry (markers, hashes), by package."""
    return {pin[1]: (pin[2], pin[3]) for pin in PIN.finditer((ROOT / name).read_text())}


def asked(name: str) -> list[tuple[Requirement, str]]:
    """The requirements of a file, each with the reason beside it."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
    return [(Requirement(line.partition("#")[0].strip()), line.partition("#")[2].strip()) for line in lines]


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
class LockTests:
    def test_every_requirement_is_locked_to_a_version_it_allows(self, name: str) -> None:
        pins = locked(f"{name}.lock")
        for requirement, _ in asked(f"{name}.txt"):
            version, _ = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{requirement} is locked to {version}: run `make update`"

    def test_every_package_has_hashes(self, name: str) -> None:
        assert all("--hash=sha256:" in rest for _, rest in locked(f"{name}.lock").values())

    def test_both_locks_agree(self, name: str) -> None:
        production, development = locked("requirements.lock"), locked("requirements-dev.lock")
        assert {package: development[package][0] for package in production} == {
            package: version for package, (version, _) in production.items()
        }


def test_every_package_of_production_says_why_it_is_needed() -> None:
    assert [requirement.name for requirement, reason in asked("requirements.txt") if not reason] == []
