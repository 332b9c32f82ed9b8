# SPDX-License-Identifier: Apache-2.0
"""From what a person typed (``IMAGE``, ``IMAGE:N``, ``SET:/PATH``, a directory, a tar file)
to a tree.  What the bytes are is found out by looking, never by a file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.dcfs import plain_files
from mkboot.formats.directory import read_directory
from mkboot.formats.flar import read_flar
from mkboot.formats.iso import read_iso
from mkboot.formats.tar import looks_like_tar, read_tar
from mkboot.formats.ufsdump import read_dump
from mkboot.media.flash import flash_tree
from mkboot.media.medium import Medium, OpenSlice
from mkboot.model.finding import Finding
from mkboot.model.inspection import Kind, SliceHolds
from mkboot.recovery.sets import open_set
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show, split_path
from mkboot.workflows.hostfiles import host_files
from mkboot.workflows.select import subtree

#: How compressed files begin, and what undoes it.
_COMPRESSED = {
    b"\x1f\x8b": "gunzip",
    b"\x1f\x9d": "uncompress",
    b"BZh": "bunzip2",
    b"\xfd7zXZ\0": "unxz",
    b"\x28\xb5\x2f\xfd": "unzstd",
}
#: Why there are no files in a slice.
_NO_FILES = {
    SliceHolds.EMPTY: "it is empty",
    SliceHolds.SWAP: "it is for swap, and holds no files",
    SliceHolds.WHOLE_DISK: "it is the whole disk, and holds no files of its own",
}


class Container(StrEnum):
    """What was reached."""

    DIRECTORY = "directory"
    TAR = "tar"
    DUMP = "dump"
    FLAR = "flar"
    SLICE = "slice"
    DISC = "disc"
    DISK = "disk"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Reached:
    """What a person named.

    ``words`` say what it is; ``path`` is the path that stood behind ``SET:``.  A disk
    named without a slice has ``slices`` and no tree.  ``losses`` are what a damaged dump has
    lost: the tree is the rest.
    """

    kind: Container
    words: str
    tree: FileTree | None = None
    path: bytes = b"/"
    slices: tuple[OpenSlice, ...] = ()
    losses: tuple[Finding, ...] = ()

    def files(self) -> FileTree:
        """The tree, or a ``CallerError`` that tells which slices there are."""
        if self.tree is None:
            numbers = ", ".join(str(s.number) for s in self.slices)
            raise CallerError(
                f"{self.words}: name a slice", hint=f"put :N behind it; there are {numbers}"
            )
        return self.tree

    def top(self) -> FileTree:
        """The tree from ``path`` down, as one of its own."""
        tree = self.files()
        number = tree.resolve(self.path)
        if number is None or not tree.nodes[number].is_directory:
            raise CallerError(f"{self.words} has no directory {show(self.path)}")
        return subtree(tree, number)


def join_paths(base: bytes, path: bytes) -> bytes:
    """``path`` below ``base``, in plain form; ``..`` is left to whoever looks it up."""
    parts = (*base.split(b"/"), *path.split(b"/"))
    return b"/" + b"/".join(part for part in parts if part not in (b"", b"."))


def reach(spec: str, paths: Sequence[bytes] = ()) -> Reached:
    """Find and read what ``spec`` names.

    ``paths`` are those in it that will be looked at, if it is not all: of a host no more
    than they need is read.
    Raises ``CallerError`` when there is no such file or slice, ``InputError`` when it
    cannot be recognised, is broken, or is of a kind that is not supported.
    """
    if os.path.lexists(spec):
        return _reach_path(Path(spec))
    match = re.fullmatch(r"(.+):p[0-9]+:[0-9]+", spec, re.DOTALL)
    if match is not None and os.path.lexists(match[1]):
        raise InputError(
            "slices inside a PC's fdisk partitions are not supported yet", place=(spec,)
        )
    match = re.fullmatch(r"(.+):([0-9]+)", spec, re.DOTALL)
    if match is not None and os.path.lexists(match[1]):
        return _reach_slice(Path(match[1]), int(match[2]))
    for path, inside in _sets(spec):
        if path.exists():
            opened = open_set(path)
            words = f"the files of {opened.manifest.host} in {path}"
            inside = _clean(inside)
            wanted = [join_paths(inside, each) for each in paths] or [inside]
            return Reached(Container.HOST, words, host_files(opened, wanted), inside)
    raise CallerError(f"{spec}: no such file or directory")


def _sets(spec: str) -> Iterator[tuple[Path, bytes]]:
    """Every way to read ``SET:/PATH``; a set's own name may hold ``:/``, hence the last first."""
    at = len(spec)
    while (at := spec.rfind(":/", 0, at)) > 0:
        yield Path(spec[:at]), os.fsencode(spec[at + 1 :])


def _clean(path: bytes) -> bytes:
    return b"/" + b"/".join(split_path(path))


def _reach_path(path: Path) -> Reached:
    if path.is_dir():
        return Reached(Container.DIRECTORY, f"the directory {path}", read_directory(path))
    medium = Medium(path)
    place = (str(path),)
    if looks_like_tar(medium.source):
        return Reached(Container.TAR, f"the tar file {path}", read_tar(path))
    if medium.kind is Kind.DISC and medium.has_iso:
        tree = read_iso(medium.source, place=place).tree
        return Reached(Container.DISC, f"the disc {path}", tree)
    if medium.kind in (Kind.DISC, Kind.DISK):
        return _reach_disk(medium)
    if medium.kind is Kind.SLICE:
        return _reach_ufs(medium.whole, f"the UFS {path}", path)
    if medium.kind is Kind.DUMP:
        dump = read_dump(medium.source, salvage=True, place=place)
        losses = tuple(f for f in dump.findings if f.code == "dump-damaged")
        return Reached(Container.DUMP, f"the dump {path}", dump.tree, losses=losses)
    if medium.kind is Kind.FLAR:
        tree = flash_tree(read_flar(medium.source, place=place), place=place)
        return Reached(Container.FLAR, f"the flash archive {path}", tree)
    raise _unknown(medium)


def _reach_disk(medium: Medium) -> Reached:
    if not medium.slices:
        what = "has a PC's partition table" if medium.has_mbr else "has no valid Sun label"
        raise InputError(f"{what}: no slice can be reached", place=(str(medium.path),))
    return Reached(Container.DISK, f"the disk {medium.path}", slices=medium.slices)


def _reach_slice(path: Path, number: int) -> Reached:
    if path.is_dir():
        raise CallerError(f"{path} is a directory: it has no slices")
    medium = Medium(path)
    if not medium.slices:
        raise InputError("has no Sun label, so no slices", place=(str(path),))
    there = medium.slice(number)
    if there is None:
        numbers = ", ".join(str(s.number) for s in medium.slices)
        raise CallerError(f"{path} has no slice {number}", hint=f"there are {numbers}")
    if there.holds is SliceHolds.ISO:
        place = (str(path), there.place)
        words = f"the disc in slice {number} of {path}"
        return Reached(Container.DISC, words, read_iso(there.window, place=place).tree)
    return _reach_ufs(there, f"slice {number} of {path}", path)


def _reach_ufs(there: OpenSlice, words: str, path: Path) -> Reached:
    problem = there.ufs_problem
    if problem is not None:
        raise problem.inside(str(path))
    if there.ufs is None:
        why = _NO_FILES.get(there.holds, "it holds no file system that mkboot reads")
        raise InputError(why, place=(str(path), there.place))
    try:
        tree = plain_files(there.ufs.tree(), there.ufs.byte_order)
    except InputError as e:
        raise e.inside(str(path)) from e
    return Reached(Container.SLICE, words, tree)


def _unknown(medium: Medium) -> InputError:
    place = (str(medium.path),)
    start = medium.source.pread(0, 8)
    for magic, program in _COMPRESSED.items():
        if start.startswith(magic):
            return InputError("is compressed", place=place, hint=f"{program} it first")
    return InputError(
        "is nothing that mkboot knows", place=place, hint="mkboot inspect says what it saw"
    )
