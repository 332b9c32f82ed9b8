# SPDX-License-Identifier: Apache-2.0
"""A small job before each of its steps, and what each step makes of it undisturbed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from damage.small_job import Job, make_parts, make_shim

STEPS = ("capture", "build", "restore")


@dataclass(frozen=True, slots=True)
class Steps:
    """The job before each step (by the step's name), and the files it has after it."""

    before: dict[str, Job]
    after: dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    work = tmp_path_factory.mktemp("damage")
    shim = make_shim(work)
    if shim is None:
        pytest.skip("not installed: gcc")
    parts = work / "parts"
    parts.mkdir()
    make_parts(parts)
    (work / "prepare").mkdir()
    job = Job(parts, work / "prepare", shim)
    done = job.run("prepare")
    assert done.status == 0, done.err
    before, after = {}, {}
    for step in STEPS:
        before[step] = job.copy(work / step)
        done = job.run(step)
        assert done.status == 0, done.err
        after[step] = job.files()
    return Steps(before, after)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a copy of a job goes; the same length of name each time."""
    return tmp_path / "job-folder"
