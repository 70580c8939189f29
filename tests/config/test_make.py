"""`make setup` on machines that lack something, played by small scripts in the place of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "make", "rm", "mkdir", "touch", "tail", "grep", "cat", "chmod")
#: Says yes to the question for its version, makes .venv, and notes who it is.
GOOD = """#!/bin/sh
if [ "$1" = -c ]; then exit 0; fi
mkdir -p "$3/bin"
echo "$0" >> made-with
cat > "$3/bin/python" <<'END'
#!/bin/sh
if [ "$3" = --version ]; then exit 0; fi
echo "$@" >> pip-calls
if [ -f pip-fails ]; then cat pip-fails; exit 1; fi
END
chmod +x "$3/bin/python"
"""
OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\n[ "$1" = -c ]\n'


class Machine:
    """A fresh clone with only the named Pythons on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.tools = folder / "bin"
        self.folder.mkdir()
        self.tools.mkdir()
        for name in ("Makefile", "requirements-dev.lock"):
            shutil.copy(ROOT / name, self.folder)
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None, name
            (self.tools / name).symlink_to(found)

    def has(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def setup(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "setup"],
            cwd=self.folder,
            env={"PATH": str(self.tools)} | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def note(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class SetupTests:
    def test_it_works(self, machine: Machine) -> None:
        machine.has("python3", GOOD)
        done = machine.setup()
        assert done.returncode == 0, done.stderr
        assert "Installing what requirements-dev.lock lists" in done.stdout
        assert "--require-hashes -r requirements-dev.lock" in machine.note("pip-calls")[1]

    def test_a_second_time_takes_no_time(self, machine: Machine) -> None:
        machine.has("python3", GOOD)
        machine.setup()
        again = machine.setup()
        assert again.returncode == 0
        assert "Installing" not in again.stdout
        assert len(machine.note("pip-calls")) == 2

    def test_changed_requirements_are_installed_into_what_is_there(self, machine: Machine) -> None:
        machine.has("python3", GOOD)
        machine.setup()
        stamp = (machine.folder / ".venv/installed").stat().st_mtime
        os.utime(machine.folder / "requirements-dev.lock", (stamp + 5, stamp + 5))
        machine.setup()
        assert len(machine.note("pip-calls")) == 4
        assert len(machine.note("made-with")) == 1

    def test_a_newer_python_beside_an_old_one_is_found(self, machine: Machine) -> None:
        machine.has("python3", OLD)
        machine.has("python3.11", GOOD)
        assert machine.setup().returncode == 0
        assert machine.note("made-with")[0].endswith("python3.11")

    def test_the_python_that_is_named_is_taken(self, machine: Machine) -> None:
        machine.has("python3", GOOD)
        machine.has("python3.12", GOOD)
        assert machine.setup(PYTHON="python3.12").returncode == 0
        assert machine.note("made-with")[0].endswith("python3.12")

    @pytest.mark.parametrize("name", ["python3", "nothing-at-all"])
    def test_without_a_new_enough_python_it_says_so(self, machine: Machine, name: str) -> None:
        machine.has("python3", OLD)
        done = machine.setup(PYTHON=name)
        assert done.returncode != 0
        assert f"Python 3.11 or newer is needed, and {name} is not." in done.stderr

    def test_without_venv_it_names_the_package_and_leaves_nothing_half_made(self, machine: Machine) -> None:
        machine.has("python3", WITHOUT_VENV)
        done = machine.setup()
        assert done.returncode != 0
        assert "apt-get install python3-venv" in done.stderr
        assert not (machine.folder / ".venv").exists()

    def test_without_network_it_says_so_and_the_next_time_goes_on(self, machine: Machine) -> None:
        machine.has("python3", GOOD)
        (machine.folder / "pip-fails").write_text("ERROR: NewConnectionError: Name or service not known\n")
        failed = machine.setup()
        assert failed.returncode != 0
        assert "The package index could not be reached: check the network" in failed.stderr

        (machine.folder / "pip-fails").unlink()
        assert machine.setup().returncode == 0
        assert len(machine.note("made-with")) == 1

    def test_any_other_fault_of_pip_is_shown_with_its_words(self, machine: Machine) -> None:
        machine.has("python3", GOOD)
        (machine.folder / "pip-fails").write_text("ERROR: No space left on device\n")
        failed = machine.setup()
        assert failed.returncode != 0
        assert "No space left on device" in failed.stderr
        assert "network" not in failed.stderr
