# SPDX-License-Identifier: Apache-2.0
"""What is mounted where: real mounts of the workstation's kernel, and the Sun's table of them.

A file system is laid out in a directory of its own, which is bound over the mount point, so
that it is busy when the kernel finds it busy.  When it is unmounted and anything changed, it
is collected and handed to ``flush``, which writes it to its device.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.rehearsal.laying import CommandOf
from mkboot.rehearsal.paths import inside_of, resolve_inside
from mkboot.rehearsal.shadow import Shadow
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import directory as node_directory

_RDONLY, _NOSUID, _REMOUNT, _BIND = 1, 2, 32, 4096
_DETACH = 2
#: The group sys, which /tmp belongs to.
_SYS = 3
#: The machine's own directory at the top of a root.
HIDDEN = b".mk"

Flush = Callable[[FileTree], None]


class Busy(OSError):  # noqa: N818 - what the kernel answers
    """EBUSY: somebody stands in it, has a file of it open, or it is mounted upon."""

    def __init__(self, what: bytes) -> None:
        super().__init__(errno.EBUSY, os.strerror(errno.EBUSY), what)


@dataclass(eq=False, slots=True)
class Mount:
    """One row.  ``point`` is absolute inside, without links; ``target`` the same on the
    workstation.  ``directory`` holds the laid-out tree, None where the kernel has its own.
    """

    special: bytes
    point: bytes
    type: bytes
    options: bytes
    target: Path
    directory: Path | None = None
    read_only: bool = False
    flush: Flush | None = None
    since: int = field(default_factory=lambda: int(time.time()))

    def line(self) -> bytes:
        """The row as /etc/mnttab has it: five fields, one TAB between them."""
        fields = self.special, self.point, self.type, self.options, b"%d" % self.since
        return b"\t".join(f or b"-" for f in fields) + b"\n"


class Mounts:
    """The table, in the order of mounting.  ``root`` is the directory on the workstation that
    is the machine's ``/``; ``work`` one that the laid-out trees are made in.
    """

    def __init__(self, root: Path, work: Path, shadow: Shadow) -> None:
        self.root = root
        self.rows: list[Mount] = []
        self.on_change: Callable[[], None] = lambda: None
        self._work = work
        self._shadow = shadow
        self._numbers = itertools.count()
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[Mount]:
        return iter(tuple(self.rows))

    def at(self, point: bytes) -> Mount | None:
        """The topmost mount at exactly this mount point."""
        return next((m for m in reversed(self.rows) if m.point == point), None)

    def of(self, special: bytes) -> Mount | None:
        """The last mount of this device or resource."""
        return next((m for m in reversed(self.rows) if m.special == special), None)

    def holding(self, path: bytes) -> Mount | None:
        """The mount that an absolute path inside (no links) lies on."""
        found: Mount | None = None
        for mount in self.rows:
            inside = mount.point == b"/" or path == mount.point
            if inside or path.startswith(mount.point + b"/"):
                longer = found is None or len(mount.point) >= len(found.point)
                found = mount if longer else found
        return found

    def mount_root(
        self, tree: FileTree, special: bytes, type_: bytes, options: bytes, *,
        read_only: bool, flush: Flush | None = None, command: CommandOf | None = None,
    ) -> Mount:  # fmt: skip
        """Lay a tree out as the machine's ``/``, with the machine's own hidden directory in it."""
        directory = self._lay_out(tree, command, hidden=True)
        mount = Mount(special, b"/", type_, options, self.root, directory, read_only, flush)
        self._bind(directory, mount)
        return mount

    def mount_tree(
        self, tree: FileTree, point: bytes, special: bytes, type_: bytes, options: bytes, *,
        read_only: bool, flush: Flush | None = None, command: CommandOf | None = None,
    ) -> Mount:  # fmt: skip
        """Mount a tree at ``point`` (as resolved inside).

        ``flush`` gets the changed tree when it is unmounted.  Raises ``OSError``: ENOENT,
        ENOTDIR for a mount point that is none.
        """
        target = self._target(point)
        directory = self._lay_out(tree, command)
        mount = Mount(
            special, inside_of(self.root, target), type_, options, target, directory,
            read_only, flush,
        )  # fmt: skip
        self._bind(directory, mount)
        return mount

    def mount_lofs(
        self, directory: bytes, point: bytes, options: bytes, *, read_only: bool
    ) -> Mount:
        """Show a directory of the machine at another place too."""
        source = resolve_inside(self.root, directory)
        target = self._target(point)
        inside = inside_of(self.root, target)
        mount = Mount(directory, inside, b"lofs", options, target, None, read_only)
        self._bind(source, mount)
        return mount

    def mount_tmpfs(
        self, point: bytes, special: bytes = b"swap", options: bytes = b"", size: int | None = None
    ) -> Mount:
        """An empty file system in memory, ``size`` bytes at most (None: the machine's own)."""
        target = self._target(point)
        data = "mode=1777" + (f",size={size}" if size is not None else "")
        kernel_mount("tmpfs", target, "tmpfs", _NOSUID, data)
        mount = Mount(special, inside_of(self.root, target), b"tmpfs", options, target)
        now = time.time_ns()
        self._shadow.settle(target, node_directory(0o1777, 0, _SYS, now))
        self.add(mount)
        return mount

    def remount(self, mount: Mount, options: bytes, *, read_only: bool) -> None:
        """Other options; from read-only to read-write and back."""
        kernel_remount(mount.target, read_only=read_only)
        mount.options, mount.read_only = options, read_only
        self.on_change()

    def unmount(self, mount: Mount) -> None:
        """Unmount, and flush what was changed.

        Raises ``Busy``; then nothing happened.  What ``flush`` raises comes through, and the
        file system is unmounted all the same.
        """
        with self._lock:
            if self.at(mount.point) is not mount:
                raise Busy(mount.point)
            kernel_unmount(mount.target, mount.point)
            self.rows.remove(mount)
        self.on_change()
        self._release(mount, flush=True)

    def flush(self, mount: Mount) -> None:
        """Write what was changed to the device; it stays mounted (sync)."""
        if mount.directory is None or mount.flush is None or mount.read_only:
            return
        skip = frozenset({HIDDEN}) if mount.point == b"/" else frozenset()
        if self._shadow.is_changed(mount.directory, skip):
            mount.flush(self._shadow.collect(mount.directory, skip))

    def unmount_all(self, *, flush: bool) -> None:
        """Everything goes, last first, once no process is left: with ``flush`` as the kernel does
        when the machine goes down in order; without as when the power fails.
        """
        with self._lock:  # who comes second waits until all is gone
            rows, self.rows = self.rows[::-1], []
            for mount in rows:
                kernel_unmount(mount.target, mount.point, detach=True)
            for mount in rows:
                self._release(mount, flush=flush)

    def table(self) -> bytes:
        """/etc/mnttab."""
        return b"".join(m.line() for m in self.rows)

    def _target(self, point: bytes) -> Path:
        target = resolve_inside(self.root, point)
        if not target.is_dir():
            number = errno.ENOTDIR if target.exists() else errno.ENOENT
            raise OSError(number, os.strerror(number), point)
        return target

    def _lay_out(self, tree: FileTree, command: CommandOf | None, *, hidden: bool = False) -> Path:
        directory = self._work / f"fs{next(self._numbers)}"
        directory.mkdir()
        if hidden:
            (directory / os.fsdecode(HIDDEN)).mkdir(mode=0o755)
        if command is None:
            self._shadow.lay_out(tree, directory)
        else:
            self._shadow.lay_out(tree, directory, command)
        return directory

    def _bind(self, directory: Path, mount: Mount) -> None:
        kernel_bind(directory, mount.target, read_only=mount.read_only)
        self.add(mount)

    def add(self, mount: Mount) -> None:
        """Enter what the kernel has mounted already."""
        with self._lock:
            self.rows.append(mount)
        self.on_change()

    def _release(self, mount: Mount, *, flush: bool) -> None:
        if mount.directory is None:
            return
        try:
            if flush:
                self.flush(mount)
        finally:
            self._shadow.forget(mount.directory)
            shutil.rmtree(mount.directory, ignore_errors=True)


def kernel_bind(source: Path, target: Path, *, read_only: bool = False) -> None:
    """Show ``source`` (a directory, or a file over a file) at ``target``."""
    kernel_mount(str(source), target, "", _BIND, "")
    if read_only:
        kernel_remount(target, read_only=True)


def kernel_remount(target: Path, *, read_only: bool) -> None:
    """Make a bound directory read-only or read-write."""
    kernel_mount("", target, "", _BIND | _REMOUNT | (_RDONLY if read_only else 0), "")


def kernel_mount(source: str, target: Path, type_: str, flags: int, data: str) -> None:
    """mount(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = os.fsencode(source) or None, os.fsencode(target), os.fsencode(type_) or None
    if libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data) or None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def kernel_unmount(target: Path, name: bytes, *, detach: bool = False) -> None:
    """umount2(2); raises ``Busy`` for EBUSY.  ``detach``: whoever is in it, it goes."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(target), _DETACH if detach else 0) != 0:
        number = ctypes.get_errno()
        if number in (errno.EBUSY, errno.EINVAL):  # EINVAL: something else lies over it
            raise Busy(name)
        raise OSError(number, os.strerror(number), target)
