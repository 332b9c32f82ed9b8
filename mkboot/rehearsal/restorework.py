# SPDX-License-Identifier: Apache-2.0
"""What ``ufsrestore r`` does to a directory: names made, replaced and removed.

The order is the command's own: directories, files by their inode numbers, further names of
files, and last the modes and times of directories.  A file's content stays where the dump is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.formats.ufs import fits
from mkboot.rehearsal.hardware import DeviceError
from mkboot.rehearsal.shadow import Shadow
from mkboot.rehearsal.ufsmounting import Capacity, MountedUfs
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.node import Node, NodeType

#: tell(message, words): a message of the command's file.
Tell = Callable[..., None]
#: Of what is free so much is left out of a quick reckoning, for blocks of addresses.
_SLACK = 0.97


class WriteError(Exception):
    """No room for the content of a file: the command ends."""

    def __init__(self, path: bytes, inode: int, reason: bytes) -> None:
        self.path = path
        self.inode = inode
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _File:
    """A node that is no directory: its inode in the dump, its number, its first name."""

    inode: int
    number: int
    path: bytes


@dataclass(slots=True)
class Room:
    """What is left of a file system: bytes and inodes."""

    bytes: int
    inodes: int
    fragment: int

    def take_inode(self) -> bool:
        """Whether there was one more."""
        self.inodes -= 1
        return self.inodes >= 0

    def take(self, node: Node) -> bool:
        """Whether there was room for a file's content."""
        self.bytes -= _bytes_of(node, self.fragment)
        return self.bytes >= 0


def room_for(ufs: MountedUfs, tree: FileTree) -> Room | None:
    """What limits restoring ``tree`` into an empty file system; None where all fits."""
    capacity: Capacity = ufs.capacity()
    fragment = ufs.parameters.fragsize
    wanted = sum(_bytes_of(node, fragment) for node in tree.nodes)
    few = wanted < capacity.bytes * _SLACK and len(tree.nodes) + 4 < capacity.inodes
    if few or fits(tree, ufs.parameters) is None:
        return None
    directories = sum(n.is_directory for n in tree.nodes)
    used = directories * fragment + ufs.parameters.bsize
    return Room(capacity.bytes - used, capacity.inodes - directories - 4, fragment)


def _bytes_of(node: Node, fragment: int) -> int:
    if node.type is not NodeType.FILE:
        return fragment if node.is_directory else 0
    return sum(-(-extent.length // fragment) * fragment for extent in node.content.extents())


@dataclass(slots=True)
class Restoring:
    """Puts a tree into the directory ``top``.

    ``old`` is what earlier dumps put there (None: nothing is known).
    """

    shadow: Shadow
    top: Path
    tell: Tell
    old: FileTree | None = None
    room: Room | None = None
    skip: Callable[[bytes], bool] = lambda _path: False
    _first: dict[int, bytes] = field(default_factory=dict)
    _known: dict[bytes, Node] = field(default_factory=dict)

    def run(self, tree: FileTree) -> None:
        """Do all.  Raises ``WriteError``."""
        if self.old is not None:
            self._known = {path: node for path, _, node in self.old.walk()}
            self._remove(tree)
        directories: list[tuple[bytes, Node]] = []
        files: list[_File] = []
        links: list[_File] = []
        for path, number, node in tree.walk():
            if self.skip(path):
                continue
            if node.is_directory:
                directories.append((path, node))
                self._directory(path, number)
            elif number in self._first:
                links.append(_File(node.ino, number, path))
            else:
                self._first[number] = path
                files.append(_File(node.ino, number, path))
        for file in sorted(files, key=lambda f: f.inode):
            self._file(file, tree.nodes[file.number])
        for file in links:
            self._link(file, tree.nodes[file.number])
        for path, node in reversed(directories):
            self._settle(path, node)

    def place(self, path: bytes) -> Path:
        """Where a path of the tree lies on the workstation."""
        return self.top / os.fsdecode(path.lstrip(b"/"))

    def _remove(self, tree: FileTree) -> None:
        """What the newer dump has no more, or has as something else."""
        for path in sorted(self._known, reverse=True):
            number = tree.find(path)
            node = self._known[path]
            if path == b"/" or (number is not None and tree.nodes[number].type is node.type):
                continue
            place = self.place(path)
            try:
                place.rmdir() if node.is_directory else place.unlink()
            except OSError as e:
                self.tell("cannot create", path=path, reason=_reason(e))

    def _directory(self, path: bytes, number: int) -> None:
        if number == ROOT:
            return
        try:
            self.place(path).mkdir(0o777)
        except FileExistsError:
            if path not in self._known:
                self.tell("exists", path=path)
        except OSError as e:
            self.tell("cannot create", path=path, reason=_reason(e))
        else:
            self.tell("make node", path=path)

    def _file(self, file: _File, node: Node) -> None:
        if self._same(file.path, node):
            return
        if node.type is NodeType.SOCKET:
            return
        if self.room is not None and not self.room.take_inode():
            self.tell("cannot create", path=file.path, reason=b"No space left on device")
            return
        place = self.place(file.path)
        try:
            if not place.is_dir() or place.is_symlink():
                place.unlink(missing_ok=True)
            self.shadow.put(place, node)
        except OSError as e:
            self.tell("cannot create", path=file.path, reason=_reason(e))
            return
        if self.room is not None and not self.room.take(node):
            place.unlink()
            raise WriteError(file.path, file.inode, b"No space left on device")
        self.tell("extract", path=file.path)

    def _same(self, path: bytes, node: Node) -> bool:
        """Whether an earlier dump put the very same there."""
        old = self._known.get(path)
        return (
            old is not None
            and (old.type, old.ino, old.dinode) == (node.type, node.ino, node.dinode)
            and (old.target, old.acl) == (node.target, node.acl)
            and bool(old.dinode)
        )

    def _link(self, file: _File, node: Node) -> None:
        first = self._first[file.number]
        place, target = self.place(file.path), self.place(first)
        if node.type is NodeType.SOCKET:
            return
        try:
            if os.path.lexists(place):
                if place.lstat().st_ino == target.lstat().st_ino:
                    return
                place.unlink()
            os.link(target, place, follow_symlinks=False)
        except OSError as e:
            self.tell("cannot link", path=file.path, target=first, reason=_reason(e))

    def _settle(self, path: bytes, node: Node) -> None:
        place = self.place(path)
        if place.is_dir() and not place.is_symlink():
            self.shadow.settle(place, node)


def _reason(error: OSError) -> bytes:
    return DeviceError.text_of(error.errno or 0).encode()


def listing(tree: FileTree) -> Iterator[tuple[bytes, bytes]]:
    """Inode (ten columns) and path of each name, for ``t``."""
    for path, _, node in tree.walk():
        yield b"%10d" % (node.ino or 2), b"" if path == b"/" else path


def work_sizes(tree: FileTree) -> tuple[int, int]:
    """About how long rstdir and rstmode become, in bytes."""
    directories, names = 0, 0
    for number, node in enumerate(tree.nodes):
        if node.is_directory:
            directories += 1
            names += 24 + sum(8 + (len(n) + 4) // 4 * 4 for n in tree.children(number))
    return -(-names // 512) * 512, directories * 60
