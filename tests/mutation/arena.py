# SPDX-License-Identifier: Apache-2.0
"""Rehearsals by the thousand: the machine's process is forked from one that has all loaded.

What ``mkboot.rehearsal.namespace`` does with ``unshare`` and a new interpreter is done here by
system calls; machine, person and judge are the same.  Firmware is not asked.
"""

from __future__ import annotations

import ctypes
import json
import os
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

from mkboot.rehearsal.child import Reporter
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


@dataclass(frozen=True)
class Arena:
    """A set that is rehearsed again and again: its machine and its true source."""

    order: Order
    source: Source
    strategy: str

    def rehearse(
        self, volumes: Mapping[int, Path], work: Path, *, source: Source | None = None,
        faults: tuple[str, ...] = (), seconds: float = 60.0,
    ) -> tuple[Rehearsed, bytes]:  # fmt: skip
        """One rehearsal of these discs on blank disks in ``work``, and what the console said."""
        from mkboot.rehearsal.faults import parse_fault

        folder = Path(tempfile.mkdtemp(dir=work))
        try:
            images = {n: folder / f"{n}.img" for n in self.disks}
            order = replace(
                self.order, volumes=dict(volumes), seconds=seconds,
                machine=_with_images(self.order.machine, tuple(images.values())),
                faults=self.order.faults + tuple(parse_fault(f) for f in faults),
            )  # fmt: skip
            run, console = run_forked(order, folder, seconds + 10)
            found = judge(source or self.source, images)
            return Rehearsed(self.strategy, run, found, None), console
        finally:
            shutil.rmtree(folder)

    @property
    def disks(self) -> tuple[str, ...]:
        """The disks' names, in the order in which the machine has them."""
        return tuple(d.name for d in self.source.disks)


def _with_images(spec: MachineSpec, images: tuple[Path, ...]) -> MachineSpec:
    disks = tuple(replace(d, image=i) for d, i in zip(spec.disks, images, strict=True))
    return replace(spec, disks=disks)


def run_forked(order: Order, folder: Path, seconds: float) -> tuple[RunRecord, bytes]:
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


def _hear(fd: int, end: float) -> tuple[RunRecord, bytes]:
    data, console = b"", bytearray()
    while True:
        ready, _, _ = select.select([fd], [], [], max(0.0, end - time.monotonic()))
        piece = os.read(fd, 1 << 16) if ready else b""
        if not piece:
            why = "the machine's process ended" if ready else "takes too long"
            return RunRecord(False, why), bytes(console)
        *lines, data = (data + piece).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if event["event"] == "result":
                return record_from(event["result"]), bytes(console)
            if event["event"] == "error":
                return RunRecord(False, f"{event['kind']}: {event['message']}"), bytes(console)
            if event["event"] == "console":
                console += event["text"].encode("latin-1")


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
    except BaseException:
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
        reporter.tell("result", result=result)
    except BaseException as e:
        reporter.tell("error", kind=type(e).__name__, message=str(e))
    finally:
        os._exit(0)
