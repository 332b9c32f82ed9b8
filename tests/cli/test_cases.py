# SPDX-License-Identifier: Apache-2.0
"""Case folders: ``tests/cases/COMMAND/NAME/{input,expected}``; a new case needs no code.

``input/arguments`` holds the command line, one argument a line.  It is run in a folder
with the unpacked samples and everything else that is in ``input``.  ``expected/out`` is
standard output, ``expected/err`` standard error and ``expected/status`` the exit status,
where they are not empty and 0.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from command import mkboot
from conftest import HERE, SAMPLES

CASES = sorted(path.parent.parent for path in (HERE / "cases").glob("*/*/input/arguments"))


def expected(case: Path, name: str, default: str) -> str:
    path = case / "expected" / name
    return path.read_text() if path.exists() else default


def test_there_are_cases() -> None:
    assert len(CASES) >= 14


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_case(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for sample in SAMPLES.glob("*.gz"):
        shutil.copy(sample, tmp_path)
        (tmp_path / sample.stem).write_bytes(gzip.decompress(sample.read_bytes()))
    shutil.copytree(case / "input", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    result = mkboot(*(case / "input" / "arguments").read_text().splitlines(), status=None)
    assert result.out == expected(case, "out", "")
    assert result.err == expected(case, "err", "")
    assert result.status == int(expected(case, "status", "0"))
