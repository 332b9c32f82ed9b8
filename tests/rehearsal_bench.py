# SPDX-License-Identifier: Apache-2.0
"""A bench for single commands: a machine of directories only, without namespaces."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.table import run_command
from mkboot.rehearsal.hardware import Disk
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.mounts import Mount, Mounts
from mkboot.rehearsal.paths import inside_of, resolve_inside
from mkboot.rehearsal.shadow import Shadow
from mkboot.rehearsal.spec import MachineSpec


class _Console:
    """Reads what is there; nobody is waited for."""

    def read(self, fd: int, size: int) -> bytes:
        return os.read(fd, size)


@dataclass
class Done:
    """What a command said and did."""

    code: int
    out: bytes
    err: bytes
    outcome: Outcome


@dataclass
class Bench:
    """Has of a ``Machine`` what handlers of general commands use."""

    root: Path
    work: Path
    release: str = "2.6"
    shadow: Shadow = field(default_factory=Shadow)
    disks: tuple[Disk, ...] = ()
    drives: tuple[object, ...] = ()
    assumed: set[str] = field(default_factory=set)
    nvram: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.spec = MachineSpec(
            self.release, "sun4u", "SUNW,Ultra-5_10", 256, "ash", "8:0:20:1:2:3", "80a1b2c3"
        )
        self.mounts = Mounts(self.root, self.work, self.shadow)
        self.mounts.rows.append(
            Mount(b"/dev/dsk/c0t0d0s0", b"/", b"tmpfs", b"", self.root)
        )  # fmt: skip
        self.console = _Console()

    def inside(self, path: Path) -> bytes:
        return inside_of(self.root, path)

    def resolve(self, name: bytes, *, follow: bool = True) -> Path:
        return resolve_inside(self.root, name, follow=follow)

    def run(
        self,
        argv: Sequence[bytes],
        *,
        stdin: bytes | Path = b"",
        env: Mapping[bytes, bytes] | None = None,
        cwd: bytes = b"/",
        stdout: int | None = None,
    ) -> Done:
        """Carry one command out; the command's name is the last part of ``argv[0]``."""
        name = os.fsdecode(argv[0]).rpartition("/")[2]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            fd = _input(stdin)
            try:
                call = Call(
                    f"/usr/bin/{name}", tuple(argv), env or {}, cwd, fd,
                    out.fileno() if stdout is None else stdout, err.fileno(),
                    cast("Machine", self),
                )  # fmt: skip
                outcome = run_command(call, name)
            finally:
                os.close(fd)
            code = outcome.code if isinstance(outcome, Exit) else -1
            out.seek(0)
            err.seek(0)
            return Done(code, out.read(), err.read(), outcome)


def _input(stdin: bytes | Path) -> int:
    """A pipe with some bytes in it, or a file."""
    if isinstance(stdin, Path):
        return os.open(stdin, os.O_RDONLY)
    reading, writing = os.pipe()
    if len(stdin) > 60_000:
        raise ValueError("does not fit the pipe")
    os.write(writing, stdin)
    os.close(writing)
    return reading
