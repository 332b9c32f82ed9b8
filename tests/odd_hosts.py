# SPDX-License-Identifier: Apache-2.0
"""The small host with something else on it: its file systems, edited and written anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fixtures.small_host import DISKS
from mkboot.demo.planting import WHEN, MadeUpContent
from mkboot.formats.label import SECTOR
from mkboot.formats.ufs import open_ufs, write_ufs
from mkboot.tree.content import BytesContent, Content
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import BytesSource, FileSink

_BOOT_AREA = 8192
#: So much that the set takes one disc more, in bytes.
_MORE = 4_400_000


def edit_slice(
    disks: Mapping[str, Path], mount: bytes, edit: Callable[[TreeBuilder], None]
) -> None:
    """Have a file system of the small host edited; what lies in front of it stays."""
    for name, (geometry, parts) in DISKS.items():
        cylinder = 0
        for part in parts:
            if part.mount == mount and part.tree is not None:
                start = cylinder * geometry.cylinder * SECTOR
                _rewrite(disks[name], start, part.cylinders * geometry.cylinder * SECTOR, edit)
                return
            cylinder += part.cylinders
    raise ValueError(f"nothing is mounted on {mount!r}")


def _rewrite(disk: Path, start: int, size: int, edit: Callable[[TreeBuilder], None]) -> None:
    with disk.open("r+b") as file:
        volume = open_ufs(BytesSource(os.pread(file.fileno(), size, start)))
        builder = volume.tree().edit()
        edit(builder)
        os.pwrite(file.fileno(), bytes(size - _BOOT_AREA), start + _BOOT_AREA)
        write_ufs(
            builder.build(), FileSink(file.fileno(), start, size), volume.parameters,
            time=WHEN, generation=1,
        )  # fmt: skip


def put_file(
    builder: TreeBuilder, path: bytes, content: bytes | Content, mode: int = 0o644
) -> None:
    """A regular file, in place of what may be there; directories on the way are made."""
    folder, _, name = path.rpartition(b"/")
    parent = put_folder(builder, folder)
    if name in builder.children(parent):
        builder.unlink(parent, name)
    held = BytesContent(content) if isinstance(content, bytes) else content
    builder.add(parent, name, replace(regular(held, mode, mtime=WHEN * SECOND), ino=0))


def put_folder(builder: TreeBuilder, path: bytes) -> int:
    """A directory with all on the way to it; its number."""
    return builder.make_directories(path.strip(b"/"), directory(0o755, 0, 3, WHEN * SECOND))


def with_more(disks: Mapping[str, Path]) -> None:
    """So much below /export/home that on ``rehearsing.SMALL_MEDIA`` there are three discs."""
    edit_slice(disks, b"/export/home", lambda b: put_file(b, b"more", MadeUpContent("more", _MORE)))
