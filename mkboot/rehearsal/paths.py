# SPDX-License-Identifier: Apache-2.0
"""Paths inside the machine: links are followed from its root, and nothing leads outside."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: So many links are followed, as Solaris' MAXSYMLINKS has it.
LINKS_MAX = 20


def join_inside(cwd: bytes, name: bytes) -> bytes:
    """``name`` from the root on; nothing is resolved, ``..`` and ``.`` stay."""
    return name if name.startswith(b"/") else cwd.rstrip(b"/") + b"/" + name


def resolve_inside(root: Path, name: bytes, *, follow: bool = True) -> Path:
    """The workstation's path of the absolute ``name`` below ``root``; see ``Call.resolve``."""
    top = os.fsencode(root)
    trail: list[bytes] = []
    todo = _parts(name)
    links = 0
    while todo:
        part = todo.pop()
        if part == b"..":
            trail = trail[:-1]
            continue
        path = b"/".join([top, *trail, part])
        if part == b".":
            os.lstat(path)
            continue
        try:
            kind = os.lstat(path).st_mode
        except FileNotFoundError:
            if todo:
                raise
            kind = 0
        if stat.S_ISLNK(kind) and (todo or follow):
            links += 1
            if links > LINKS_MAX:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
            target = os.fsencode(Path(os.fsdecode(path)).readlink())
            trail = [] if target.startswith(b"/") else trail
            todo += _parts(target)
            continue
        if todo and not stat.S_ISDIR(kind):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
        trail.append(part)
    return Path(os.fsdecode(b"/".join([top, *trail])))


def inside_of(root: Path, path: Path) -> bytes:
    """What ``path``, which lies below ``root``, is called inside.

    Raises ``ValueError`` for a path that does not.
    """
    rest = os.fsencode(path.relative_to(root))
    return b"/" if rest == b"." else b"/" + rest


def _parts(name: bytes) -> list[bytes]:
    """The parts of a path, last first; one that ends in a slash must be a directory."""
    parts = [p for p in reversed(name.split(b"/")) if p not in (b"", b".")]
    return [b".", *parts] if name.endswith((b"/", b"/.")) and parts else parts
