# SPDX-License-Identifier: Apache-2.0
"""Paths for the inodes that something is wrong with; read once more, when there are any."""

from __future__ import annotations

from mkboot.formats.ufs.fsck.directories import entries_of
from mkboot.formats.ufs.fsck.disk import Disk
from mkboot.formats.ufs.fsck.inodes import ATTRIBUTES, DIRECTORY, Inodes
from mkboot.formats.ufs.fsck.names import DirectoryReader, directories_of
from mkboot.formats.ufs.structs import ROOT_INODE
from mkboot.tree.names import show

_DEEPEST = 4096


def find_paths(
    disk: Disk, inodes: Inodes, wanted: set[int], owner: dict[int, int]
) -> dict[int, str]:
    """A path of each inode that has one; ``owner`` leads out of attribute directories."""
    if not wanted:
        return {}
    named: dict[int, tuple[int, bytes]] = {}
    asked = wanted | set(owner.values())
    reader = DirectoryReader(disk)
    for directory, dinode in directories_of(disk, inodes):
        for base, data in reader.chunks(dinode):
            for _, ino, name in entries_of(data, base, disk.order, lambda _code, _words: None):
                if name in (b".", b"..") or ino in named or ino >= disk.inodes:
                    continue
                if ino in asked or inodes.kind[ino] in (DIRECTORY, ATTRIBUTES):
                    named[ino] = (directory, name)
    return {ino: path for ino in wanted if (path := _path(ino, named, owner))}


def _path(ino: int, named: dict[int, tuple[int, bytes]], owner: dict[int, int]) -> str:
    parts: list[str] = []
    at = ino
    for _ in range(_DEEPEST):
        if at == ROOT_INODE:
            return "/" + "/".join(reversed(parts))
        if at in owner:
            parts.append("(attributes)")
            at = owner[at]
        elif at in named:
            at, name = named[at]
            parts.append(show(name))
        else:
            return ""
    return ""
