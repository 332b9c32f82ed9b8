# SPDX-License-Identifier: Apache-2.0
"""A job that is carried through in seconds, each command in a process of its own.

Two disks of a few MB, a base medium of the demo's shape, and a shim below the C library
that lets system calls fail, come short, or be the last ones.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mkboot.demo.base import make_demo_base
from mkboot.demo.host import _Slice, _write_disk
from mkboot.demo.planting import WHEN, MadeUpContent, Planter
from mkboot.demo.programs import with_programs
from mkboot.formats.label import TAG_HOME, TAG_ROOT
from mkboot.model.values import Geometry
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import SECOND, regular

SHIM_SOURCE = Path(__file__).with_name("shim.c")
_GEOMETRY = Geometry(4, 63, 40, 2, rpm=7200)
_VFSTAB = b"""\
/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no -
/dev/dsk/c0t1d0s7 /dev/rdsk/c0t1d0s7 /home ufs 2 yes -
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; ``status`` is negative for a signal."""

    status: int
    err: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job's folder and what it is made from; ``shim`` is a shared library, if there is one."""

    parts: Path
    folder: Path
    shim: Path | None = None

    @property
    def job(self) -> Path:
        return self.folder / "job"

    def run(
        self,
        command: str,
        *more: str,
        damage: str = "",
        under: str = "",
        inherit: tuple[int, ...] = (),
    ) -> Ended:
        """Run one command; ``damage`` is what the shim does, to files ``under`` a path."""
        argv, env = self.command(command, *more, damage=damage, under=under)
        done = subprocess.run(
            argv, env=env, capture_output=True, timeout=120, check=False, pass_fds=inherit
        )
        return Ended(done.returncode, done.stderr.decode())

    def command(
        self, command: str, *more: str, damage: str = "", under: str = ""
    ) -> tuple[list[str], dict[str, str]]:
        """The words and the environment of ``run``."""
        env = {**os.environ, "SOURCE_DATE_EPOCH": "1000000000"}
        if damage:
            assert self.shim is not None
            env |= {"LD_PRELOAD": str(self.shim), "DAMAGE": damage}
            env["DAMAGE_UNDER"] = under or str(self.folder)
        main = "from mkboot.cli.main import main; main()"
        argv = [sys.executable, "-c", main, command, *self.arguments(command), *more]
        return argv, env

    def arguments(self, command: str) -> list[str]:
        disks = [str(self.folder / name) for name in ("a.img", "b.img")]
        targets = [w for n, f in enumerate(disks) for w in ("--disk", f"c0t{n}d0={f}")]
        sources = [
            word
            for disk in ("c0t0d0", "c0t1d0")
            for word in ("--source", f"{disk}={self.parts / disk}.img")
        ]
        base = ["--base", str(self.parts / "base.iso"), "--media", "10M"]
        more = {"prepare": [*base, *sources], "restore": targets}
        return [str(self.job), *more.get(command, [])]

    def copy(self, folder: Path) -> Job:
        """The same job elsewhere, as it is now."""
        shutil.copytree(self.folder, folder)
        return Job(self.parts, folder, self.shim)

    def files(self, *, linked: bool = False) -> dict[str, str]:
        """Every file by its path, with its SHA-256, but for those that are not complete.

        A file that still has its unfinished name too counts only with ``linked``.
        """
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not _unfinished(path, linked) and path.name != "told"
        }

    def partial(self) -> list[str]:
        """What is there under a name of something that is not complete."""
        return [str(p) for p in self.folder.rglob("*") if ".partial" in p.name]


def _unfinished(path: Path, linked: bool) -> bool:
    """Under a name of what is not complete: itself, or the image it was linked from."""
    if linked or any(".partial" in part or part == "set.old" for part in path.parts):
        return ".partial" in str(path) or "set.old" in path.parts
    partial = path.with_name(path.name + ".partial")
    return partial.exists() and partial.samefile(path)


def _root() -> FileTree:
    plant = Planter(resolution=1000)
    plant.put(b"/etc/vfstab", regular(BytesContent(_VFSTAB), 0o644, 0, 3, WHEN * SECOND))
    plant.put(b"/etc/nodename", regular(BytesContent(b"small\n"), 0o644, 0, 3, WHEN * SECOND))
    plant.put(
        b"/etc/release", regular(BytesContent(b"  Solaris 8 s28s\n"), 0o644, 0, 3, WHEN * SECOND)
    )
    plant.folder(b"/home")
    for number in range(30):
        path = b"/usr/bin/p%d" % number
        plant.put(path, regular(MadeUpContent(f"p{number}", 999 * number + 1), 0o755))
    return with_programs(plant.build())


def _home() -> FileTree:
    plant = Planter(resolution=1000)
    for number in range(8):
        plant.put(b"/u/f%d" % number, regular(MadeUpContent(f"f{number}", 300_000), 0o600))
    return plant.build()


def make_parts(folder: Path) -> None:
    """``base.iso``, ``c0t0d0.img`` and ``c0t1d0.img``."""
    make_demo_base(folder / "base.iso")
    root = _Slice(0, 38, TAG_ROOT, 0, b"/", _root())
    home = _Slice(7, 38, TAG_HOME, 0, b"/home", _home())
    _write_disk(folder / "c0t0d0.img", _GEOMETRY, (root,))
    _write_disk(folder / "c0t1d0.img", _GEOMETRY, (home,))


def make_shim(folder: Path) -> Path | None:
    """Compile the shim; None where there is no compiler."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    out = folder / "shim.so"
    argv = [gcc, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", out, SHIM_SOURCE, "-ldl"]
    subprocess.run(argv, check=True)
    return out
