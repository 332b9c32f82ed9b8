# SPDX-License-Identifier: Apache-2.0
"""/etc/mnttab: up to Solaris 7 a file that is rewritten, from 8 on a read-only kernel file.

Sources: mnttab(4); mntfs from Solaris 8 on (facts J).  Where the old kind lies on a root that
cannot be written, it stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mkboot.rehearsal.mounts import Mount, Mounts, kernel_bind
from mkboot.rehearsal.paths import inside_of, resolve_inside

PATH = b"/etc/mnttab"
#: Releases in which it is an ordinary file.
ORDINARY = frozenset({"2.5.1", "2.6", "7"})


class Mnttab:
    """Keeps the file like the table; ``release`` tells which kind it is now."""

    def __init__(self, mounts: Mounts, work: Path, release: Callable[[], str]) -> None:
        self._mounts = mounts
        self._file = work / "mnttab"
        self._file.touch(0o444)
        self._release = release
        mounts.on_change = self.refresh

    def refresh(self) -> None:
        """Write it anew, after every change."""
        text = self._mounts.table()
        _write(self._file, text)
        if self._release() in ORDINARY:
            try:
                _write(resolve_inside(self._mounts.root, PATH), text)
            except OSError:
                return  # a read-only root: mount(1M) and umount(1M) go on all the same

    def show(self) -> None:
        """Mount the kernel file, in a root that was just mounted; nothing up to Solaris 7."""
        root = self._mounts.at(b"/")
        if self._release() in ORDINARY or root is None:
            return
        try:
            target = resolve_inside(self._mounts.root, PATH)
            if not target.exists():
                base = root.directory or self._mounts.root
                (base / os.fsdecode(inside_of(self._mounts.root, target)[1:])).touch(0o444)
            kernel_bind(self._file, target, read_only=True)
        except OSError:
            return  # a root without /etc
        point = inside_of(self._mounts.root, target)
        self._mounts.add(Mount(b"mnttab", point, b"mntfs", b"dev=3340000", target, read_only=True))


def _write(path: Path, text: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    fd = os.open(path, flags, 0o444)
    try:
        os.write(fd, text)
    finally:
        os.close(fd)
