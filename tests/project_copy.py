"""The project copied as a clone has it, for tests that add a system or change a file of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from command import environment

from crm.settings import PROJECT_ROOT

FOLDERS = ("crm", "orchestration", "models", "macros", "seeds", "tests/dbt")
FILES = ("dbt_project.yml", "profiles.yml", "crm.toml", "requirements.lock")


@dataclass(frozen=True)
class Copy:
    """A copy of the project in a folder of its own, with a warehouse in its default home."""

    root: Path

    def run(self, command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a reader of the documents would, in the project's folder.

        `more` are environment variables.
        """
        there = environment(self.root / "data", PYTHONPATH=str(self.root), **more)
        del there["CRM_HOME"]
        installed = str(Path(sys.executable).parent)
        return subprocess.run(
            ["sh", "-c", command.replace(".venv/bin", installed)],
            cwd=self.root,
            env=there,
            capture_output=True,
            text=True,
            check=False,
        )


def copied_project(target: Path) -> Copy:
    """What a clone has, without its history, documents and tests."""
    leave = shutil.ignore_patterns("__pycache__")
    for folder in FOLDERS:
        shutil.copytree(PROJECT_ROOT / folder, target / folder, ignore=leave)
    for file in FILES:
        shutil.copyfile(PROJECT_ROOT / file, target / file)
    return Copy(target)
