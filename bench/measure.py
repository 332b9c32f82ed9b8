# SPDX-License-Identifier: Apache-2.0
"""Running commands and reading what they cost from the kernel's own account."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class CommandFailedError(Exception):
    """A measured command did not end with status 0."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a side; ``name`` tells it apart within the side."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared: commands in a row, and what they leave behind."""

    who: str
    steps: tuple[Step, ...]
    leaves: tuple[Path, ...] = ()
    makes: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds on the clock, seconds of processors, and bytes of the largest process."""

    wall: float
    cpu: float
    rss: int


def shell(name: str, text: str) -> Step:
    """A step of several programs joined by a shell; a failing one fails it."""
    return Step(name, ("bash", "-c", f"set -euo pipefail; {text}"))


def measure_step(step: Step) -> Figures:
    """Run one command.  CPU and memory cover the processes that it waited for."""
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(
            step.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            text = said.read()[-2000:].decode(errors="replace")
            raise CommandFailedError(f"{step.argv}: status {process.returncode}: {text}")
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def measure_side(side: Side) -> dict[str, Figures]:
    """Run a side from a clean start; what it made is removed again, unmeasured."""
    _remove(side.leaves)
    for folder in side.makes:
        folder.mkdir(parents=True)
    os.sync()
    try:
        return {step.name: measure_step(step) for step in side.steps}
    finally:
        _remove(side.leaves)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def total(parts: dict[str, Figures], without: Sequence[str] = ()) -> Figures:
    """A side as a whole, less some of its steps."""
    kept = [f for name, f in parts.items() if name not in without]
    return Figures(sum(f.wall for f in kept), sum(f.cpu for f in kept), max(f.rss for f in kept))


def median(figures: Sequence[Figures]) -> Figures:
    """The median of each figure by itself."""
    return Figures(
        statistics.median(f.wall for f in figures),
        statistics.median(f.cpu for f in figures),
        int(statistics.median(f.rss for f in figures)),
    )


def floor() -> int:
    """Bytes below which no memory can be read: a process starts with its parent's peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
