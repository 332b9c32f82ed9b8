# SPDX-License-Identifier: Apache-2.0
"""A small disk with a label, a root that boots and a second file system, and its source."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mkboot.demo.bootblocks import fcode_redirect
from mkboot.formats.bootblock import put_in
from mkboot.formats.label import SliceEntry, backup_label_sectors, make_label, write_label
from mkboot.formats.ufs import choose_parameters, write_ufs
from mkboot.model.values import Geometry
from mkboot.rehearsal.judge import ExpectedDisk, ExpectedFileSystem, ExpectedSlice, Source
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, AclEntry, Node, directory, regular
from mkboot.tree.source import FileSink

GEOMETRY = Geometry(4, 32, 60, 2, 62, 5400)
SLICES = (
    SliceEntry(0, 0, 40 * 128, 2, 0),
    SliceEntry(1, 40, 5 * 128, 3, 1),
    SliceEntry(2, 0, 60 * 128, 5, 0),
    SliceEntry(7, 45, 15 * 128, 8, 0),
)
WHEN = 1_018_353_600
ACL = (AclEntry(1, 0, 6), AclEntry(2, 55, 4), AclEntry(4, 0, 4), AclEntry(0x10, 0, 6),
       AclEntry(0x20, 0, 4))  # fmt: skip


def root_tree() -> FileTree:
    """A root with a file, a hard link, a file with an ACL, and the boot block's own file."""
    to = TreeBuilder(directory(0o755, 0, 0, WHEN * SECOND), resolution=1000)
    etc = to.add(0, b"etc", directory(0o755, 0, 3, WHEN * SECOND))
    passwd = to.add(etc, b"passwd", _file(b"root:x:0:1\n"))
    to.link(etc, b"passwd.also", passwd)
    to.add(etc, b"guarded", replace(_file(b"secret\n"), mode=0o644, acl=ACL))
    to.add(etc, b"vfstab", _file(b"/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no -\n"))
    return to.build()


def home_tree() -> FileTree:
    """A file system with some data."""
    to = TreeBuilder(directory(0o755, 0, 0, WHEN * SECOND), resolution=1000)
    to.add(0, b"data", _file(b"0123456789" * 5000))
    return to.build()


def _file(text: bytes) -> Node:
    return regular(BytesContent(text), 0o644, 0, 3, WHEN * SECOND)


Change = Callable[[TreeBuilder], None]


def write_disk(
    path: Path,
    *,
    slices: tuple[SliceEntry, ...] = SLICES,
    root: FileTree | None = None,
    home: FileTree | None = None,
    boot_block: bytes | None = None,
) -> Path:
    """The disk as it should be, but for what is given."""
    label = make_label(GEOMETRY, slices)
    with path.open("wb") as file:
        file.truncate(62 * 128 * 512)
        trees = {0: root or root_tree(), 7: home or home_tree()}
        for entry in slices:
            if entry.number in trees:
                sink = FileSink(
                    file.fileno(), entry.start_cylinder * 128 * 512, entry.sectors * 512
                )
                made = choose_parameters(entry.sectors, nhead=4, nsect=32)
                write_ufs(trees[entry.number], sink, made, time=WHEN, generation=1)
                if entry.number == 0:
                    block = fcode_redirect() if boot_block is None else boot_block
                    if block:
                        put_in(sink, block)
        for sector in (0, *backup_label_sectors(GEOMETRY)):
            os.pwrite(file.fileno(), write_label(label), sector * 512)
    return path


def source() -> Source:
    """What the judge is told of the disk."""
    expected = tuple(
        ExpectedSlice(s.number, s.start_cylinder * 128, s.sectors, s.tag, s.flag) for s in SLICES
    )
    disk = ExpectedDisk("c0t0d0", (4, 32, 60), b"", expected)
    systems = (
        ExpectedFileSystem("c0t0d0", 0, b"/", _written(root_tree), fcode_redirect()),
        ExpectedFileSystem("c0t0d0", 7, b"/export/home", _written(home_tree)),
    )
    return Source((disk,), systems)


def _written(make: Callable[[], FileTree]) -> Callable[[], FileTree]:
    """The tree as a file system has it: with lost+found."""

    def tree() -> FileTree:
        builder = make().edit()
        builder.add(0, b"lost+found", directory(0o700, 0, 0, WHEN * SECOND))
        return builder.build()

    return tree
