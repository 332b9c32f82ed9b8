# SPDX-License-Identifier: Apache-2.0
"""Commands against cases in folders: ``cases/rehearsal/COMMAND/NAME``.

``input/case.toml`` has ``argv`` (texts; the command's name first), perhaps ``release``, ``cwd``
and ``env``; ``input/stdin`` is standard input (a pipe), ``input/root`` what lies in the
machine.  ``expected/case.toml`` has ``exit``, or ``not_modelled = true``; ``expected/out``,
``expected/err`` are the streams, byte for byte (none: empty); ``expected/root`` files that
have to be there afterwards.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
from rehearsal_bench import Bench

from mkboot.rehearsal.call import NotModelled

CASES = Path(__file__).parent.parent / "cases" / "rehearsal"
FOLDERS = sorted(p.parent for p in CASES.glob("*/*/input"))


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_command(folder: Path, tmp_path: Path) -> None:
    given = tomllib.loads((folder / "input/case.toml").read_text())
    wanted = tomllib.loads((folder / "expected/case.toml").read_text())
    if (folder / "input/root").is_dir():
        shutil.copytree(folder / "input/root", tmp_path / "root", symlinks=True)
    bench = Bench(tmp_path / "root", tmp_path, given.get("release", "2.6"))
    argv = [word.encode() for word in given["argv"]]
    env = {k.encode(): v.encode() for k, v in given.get("env", {}).items()}
    assert argv[0] == folder.parent.name.encode()
    stdin = _read(folder / "input/stdin")
    cwd = given.get("cwd", "/").encode()
    if wanted.get("not_modelled"):
        with pytest.raises(NotModelled):
            bench.run(argv, stdin=stdin, env=env, cwd=cwd)
        return
    done = bench.run(argv, stdin=stdin, env=env, cwd=cwd)
    assert done.out == _read(folder / "expected/out")
    assert done.err == _read(folder / "expected/err")
    assert done.code == wanted["exit"]
    for file in (folder / "expected/root").rglob("*"):
        if file.is_file():
            there = tmp_path / "root" / file.relative_to(folder / "expected/root")
            assert there.read_bytes() == file.read_bytes()


def test_there_are_cases() -> None:
    assert len(FOLDERS) > 50
