# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at any moment: nothing half made has a final name, and the same command completes.

A moment is a system call that changes a file: the process is killed at it, and if it is a
write, half of it is done.  A few moments are drawn in the ordinary run, a hundred in the
long one, which also kills by the clock.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from damage.conftest import STEPS, Steps
from damage.small_job import Job

ORDINARY, SLOW = 12, 100
#: Ends the name of what says that a dump is complete, as long as the capture is not.
NOTE = ".dump.json"


def changing_calls(job: Job, step: str) -> int:
    """How many system calls of an undisturbed run change a file."""
    with (job.folder / "told").open("w+b") as told:
        counted = job.run(step, damage=f"count:{told.fileno()}", inherit=(told.fileno(),))
        assert counted.status == 0, counted.err
        told.seek(0)
        return int(told.read().split()[0])


def points(steps: Steps, folder: Path, count: int, seed: int) -> list[tuple[str, int]]:
    """Moments drawn from all the moments of all steps; the same ones each time."""
    moments: list[tuple[str, int]] = []
    for step in STEPS:
        job = steps.before[step].copy(folder / f"count-{step}")
        calls = changing_calls(job, step)
        assert calls > 20, "the shim sees too little"
        moments += [(step, number) for number in range(1, calls + 1)]
        shutil.rmtree(job.folder)
    return random.Random(seed).sample(moments, min(count, len(moments)))


def judge(job: Job, step: str, wanted: dict[str, str], *more: str) -> None:
    """What a killed run left is harmless, and the same command does its work."""
    left = job.files()
    notes = [json.loads((job.folder / n).read_text()) for n in left if n.endswith(NOTE)]
    left = {name: digest for name, digest in left.items() if not name.endswith(NOTE)}
    assert {name: wanted.get(name) for name in left} == left, "half made under a final name"
    assert all(f"job/capture/{note['dump']['file']}" in left for note in notes)
    again = job.run(step, *more)
    if again.status == 2:
        # all was there already; of the last names to be taken away some may be left
        there = job.files(linked=True)
        assert {n: d for n, d in there.items() if not n.endswith(NOTE)} == wanted, again.err
        return
    assert again.status == 0, again.err
    assert job.files() == wanted
    assert job.partial() == []
    system = json.loads((job.job / "capture" / "system.json").read_text())
    dumps = [dump for fs in system["file_systems"] for dump in fs["dumps"]]
    assert all(note["dump"] in dumps for note in notes)


def kill_at(steps: Steps, folder: Path, step: str, number: int, *more: str) -> None:
    job = steps.before[step].copy(folder)
    killed = job.run(step, damage=f"kill:{number}")
    assert killed.status == -signal.SIGKILL, killed
    judge(job, step, steps.after[step], *more)
    shutil.rmtree(folder)


def test_killed_at_a_few_moments(steps: Steps, tmp_path: Path) -> None:
    for step, number in points(steps, tmp_path, ORDINARY, seed=4):
        more = ["--resume"] if step == "capture" and number % 2 else []
        kill_at(steps, tmp_path / f"{step}-{number}", step, number, *more)


@pytest.mark.long
def test_killed_at_a_hundred_moments(steps: Steps, tmp_path: Path) -> None:
    for step, number in points(steps, tmp_path, SLOW, seed=5):
        kill_at(steps, tmp_path / f"{step}-{number}", step, number)
        if step == "capture":
            kill_at(steps, tmp_path / f"{step}-{number}-r", step, number, "--resume")


@pytest.mark.parametrize("step", STEPS)
def test_killed_twice(steps: Steps, place: Path, step: str) -> None:
    """The second run is killed too, in what the first one left."""
    job = steps.before[step].copy(place)
    for number in (25, 12):
        assert job.run(step, damage=f"kill:{number}").status == -signal.SIGKILL
    judge(job, step, steps.after[step])


def test_killed_while_the_disks_get_their_names(steps: Steps, tmp_path: Path) -> None:
    """Two disks are one result: the moments between their names are tried one by one."""
    counted = steps.before["restore"].copy(tmp_path / "counted")
    calls = changing_calls(counted, "restore")
    for number in range(calls - 7, calls + 1):
        kill_at(steps, tmp_path / f"at-{number}", "restore", number)


@pytest.mark.long
def test_killed_by_the_clock(steps: Steps, tmp_path: Path) -> None:
    """Moments that no system call marks."""
    draw = random.Random(6)
    for step in STEPS:
        job = steps.before[step].copy(tmp_path / "whole")
        begun = time.monotonic()
        assert job.run(step).status == 0
        whole = time.monotonic() - begun
        shutil.rmtree(job.folder)
        for turn in range(6):
            job = steps.before[step].copy(tmp_path / f"{step}-{turn}")
            argv, env = job.command(step)
            with subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL) as process:
                time.sleep(draw.uniform(0.3, 1.0) * whole)
                process.kill()
            judge(job, step, steps.after[step])
            shutil.rmtree(job.folder)


def test_the_shim_kills(steps: Steps, place: Path) -> None:
    """That the first change is the last one, and nothing is there then."""
    job = steps.before["capture"].copy(place)
    before = job.files()
    assert job.run("capture", damage="kill:1").status == -signal.SIGKILL
    assert job.files() == before
