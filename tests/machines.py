# SPDX-License-Identifier: Apache-2.0
"""Starting machines in tests: what the child does is in machine_inside.py."""

from __future__ import annotations

import os
import shutil
from functools import cache
from typing import NamedTuple

import pytest

from mkboot.errors import ProgramError
from mkboot.rehearsal.namespace import allowed, run_inside
from mkboot.rehearsal.spec import Json


@cache
def why_not() -> str:
    """Why no machine can be started here; empty where one can."""
    try:
        allowed()
    except ProgramError as e:
        if os.environ.get("MKBOOT_REQUIRE_PROGRAMS"):
            raise
        return e.message
    return ""


#: For tests that start a machine.
on_a_machine = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be done")
SHELLS = [name for name in ("dash", "posh", "busybox") if shutil.which(name)]


class Ran(NamedTuple):
    """What ``machine_inside.script`` tells of a run."""

    status: int | None
    ended: str
    lines: list[str]
    asked: list[str]
    going_down: str
    seconds: float
    calls: int
    left: int
    table: str


def run_script(script: str, shell: str = "dash", answers: list[str] | None = None,
               **more: object) -> Ran:  # fmt: skip
    """Run some shell on a small machine."""
    spec = {"script": script, "shell": shell, "answers": answers or [], **more}
    return Ran(**inside("script", spec))  # type: ignore[arg-type]


def inside(task: str, spec: Json, seconds: float = 60, memory: int = 256 << 20) -> Json:
    """Carry out a task of ``machine_inside``."""
    return run_inside(
        f"machine_inside:{task}", spec, lambda _event: None, seconds=seconds, memory=memory
    )
