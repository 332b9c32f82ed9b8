# SPDX-License-Identifier: Apache-2.0
"""Rehearsals by the thousand: the machine's process is forked from one that has all loaded.

What ``mkboot.rehearsal.namespace`` does with ``unshare`` and a new interpreter is done here by
system calls; machine, person and judge are the same.  Firmware is not asked.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from mutation.coverage import NOTES
from mutation.plays import Play

from mkboot.rehearsal.child import Reporter
from mkboot.rehearsal.faults import parse_fault
from mkboot.rehearsal.judge import Source, judge
from mkboot.rehearsal.mounts import kernel_mount
from mkboot.rehearsal.rehearse import task
from mkboot.rehearsal.spec import MachineSpec
from mkboot.rehearsal.verdict import Rehearsed, RunRecord
from mkboot.rehearsal.wire import Order, record_from

#: CLONE_NEWUSER, NS, PID, NET, IPC, UTS.
_APART = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
_PRIVATE, _REC, _SAFE = 1 << 18, 1 << 14, 2 | 4 | 8
_PDEATHSIG = 1
_MEMORY = 256 << 20
_SLOW = "takes too long"


@dataclass(frozen=True)
class Played:
    """A rehearsal, what its console said, and the notes of scripts that make such (coverage)."""

    done: Rehearsed
    console: bytes
    notes: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Heard:
    run: RunRecord
    console: bytes = b""
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Arena:
    """A set that is rehearsed again and again: its machine and its true source."""

    order: Order
    source: Source
    strategy: str

    def rehearse(
        self, play: Play, volumes: Mapping[int, Path], work: Path, *,
        source: Source | None = None, seconds: float = 60.0, keep: bool = False,
    ) -> Played:  # fmt: skip
        """One rehearsal of these discs in ``work``; with ``keep`` the disks' images stay there."""
        folder = Path(tempfile.mkdtemp(dir=work))
        try:
            images = {n: (work if keep else folder) / f"{n}.img" for n in self.disks}
            spec = _machine(self.order.machine, play, tuple(images.values()))
            if play.disks is not None:
                for disk in spec.disks:
                    play.disks(disk, disk.image)
            order = replace(
                self.order, volumes=dict(volumes), seconds=seconds, machine=spec,
                faults=tuple(parse_fault(f) for f in play.faults), answers=play.answers,
                nvram=dict(play.nvram), arguments=("-s",) if play.by_hand else (),
            )  # fmt: skip
            heard = run_forked(order, folder, seconds + 10)
            found = judge(source or self.source, images)
            done = Rehearsed(self.strategy, heard.run, found, None)
            return Played(done, heard.console, heard.notes)
        finally:
            shutil.rmtree(folder)

    @property
    def disks(self) -> tuple[str, ...]:
        """The disks' names, in the order in which the machine has them."""
        return tuple(d.name for d in self.source.disks)


def _machine(spec: MachineSpec, play: Play, images: tuple[Path, ...]) -> MachineSpec:
    """The machine of a play; ``moved``: the last disk has another target."""
    disks = [replace(d, image=i) for d, i in zip(spec.disks, images, strict=True)]
    if play.moved:
        disks[-1] = replace(disks[-1], path=re.sub(r"@[0-9a-f]+,0$", "@3,0", disks[-1].path))
    memory = play.memory or spec.memory_mb
    return replace(spec, disks=tuple(disks), memory_mb=memory)


def run_forked(order: Order, folder: Path, seconds: float) -> _Heard:
    """The machine in a forked process of its own namespaces; killed after ``seconds``."""
    work = folder / "machine"
    work.mkdir()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _apart(order, work, writing)
    os.close(writing)
    try:
        return _hear(reading, time.monotonic() + seconds)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)


def _hear(fd: int, end: float) -> _Heard:
    data, heard = b"", _Heard(RunRecord(False, ""))
    while True:
        ready, _, _ = select.select([fd], [], [], max(0.0, end - time.monotonic()))
        piece = os.read(fd, 1 << 16) if ready else b""
        if not piece:
            heard.run = RunRecord(False, "the machine's process ended" if ready else _SLOW)
            return heard
        *lines, data = (data + piece).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if event["event"] == "result":
                heard.run = record_from(event["result"])
                return heard
            if event["event"] == "error":
                heard.run = RunRecord(False, f"{event['kind']}: {event['message']}")
                return heard
            if event["event"] == "console":
                heard.console += event["text"].encode("latin-1")
            elif event["event"] == "notes":
                heard.notes = frozenset(event["text"].split())


def _apart(order: Order, work: Path, fd: int) -> NoReturn:
    """In the first child: namespaces of its own, and process 1 in them."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PDEATHSIG, signal.SIGKILL)
        uid, gid = os.geteuid(), os.getegid()
        if libc.unshare(_APART):
            raise OSError(ctypes.get_errno(), "unshare")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        pid = os.fork()
        if pid == 0:
            libc.prctl(_PDEATHSIG, signal.SIGKILL)
            _first(order, work, fd)
        os.waitpid(pid, 0)
    except BaseException:  # noqa: BLE001 - a child must never come back
        traceback.print_exc()
    finally:
        os._exit(0)


def _first(order: Order, work: Path, fd: int) -> NoReturn:
    """Process 1: what ``mkboot.rehearsal.child`` does."""
    reporter = Reporter(fd)
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        kernel_mount("none", Path("/"), "", _PRIVATE | _REC, "")
        kernel_mount("proc", Path("/proc"), "proc", _SAFE, "")
        kernel_mount("tmpfs", work, "tmpfs", 2, f"size={_MEMORY},mode=700")
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        result = dict(task(order.as_json(), work, reporter))
        notes = work / "mk" / NOTES.rpartition("/")[2]
        reporter.tell("notes", text=notes.read_text() if notes.exists() else "")
        reporter.tell("result", result=result)
    except BaseException as e:  # noqa: BLE001 - told to the parent
        reporter.tell("error", kind=type(e).__name__, message=str(e))
    finally:
        os._exit(0)
