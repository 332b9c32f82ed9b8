# SPDX-License-Identifier: Apache-2.0
"""The wheel carries everything, and works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from wheels import ROOT, build_wheel


@pytest.fixture(name="wheel", scope="module")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def files_below(folder: str) -> set[str]:
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_everything_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert files_below("mkboot") - names == set()
    data = {f"mkboot/data/{n}" for n in files_below("layouts") | files_below("templates")}
    assert len(data) >= 3
    assert data - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert [n for n in names if n.startswith(("tests/", "docs/", "fixtures/"))] == []


def test_it_works_where_there_is_no_checkout(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)
    code = (
        "import sys, mkboot\n"
        "from mkboot.resources import resource\n"
        "from mkboot.cli.main import run\n"
        "print(mkboot.__file__)\n"
        "print(sorted(p.name for p in resource('layouts').iterdir()))\n"
        "print(sorted(p.name for p in resource('templates').iterdir()))\n"
        "sys.exit(run(['--version']))\n"
    )
    env = {**os.environ, "PYTHONPATH": os.fspath(target)}
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=tmp_path, check=True)
    where, layouts, templates, version = done.stdout.splitlines()
    assert where.startswith(os.fspath(target))
    assert ".toml" in layouts
    assert "recovery" in templates
    assert version.startswith("mkboot ")


def test_the_entry_point(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
    assert "mkboot = mkboot.cli.main:main" in archive.read(name).decode()
