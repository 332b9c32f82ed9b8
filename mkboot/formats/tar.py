# SPDX-License-Identifier: Apache-2.0
"""tar: read by reference from an uncompressed file, written as a stream (POSIX pax).

The format is POSIX.1-2001's ustar and pax, plus what GNU tar writes of its own (long
names, sparse files); the parsing is Python's ``tarfile``.  Sparse files are read with
their holes and written in full.
"""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Self, cast

from mkboot.errors import InputError, StoppedError
from mkboot.tree.content import EMPTY, Content, RunsContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show, split_path
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory
from mkboot.tree.source import ByteSource, BytesSource, FileSource

BLOCK = 512
#: GNU tar's record: what a stream is padded to.
RECORD = 10240
HEADER_MAX = 1 << 20
ID_MAX = (1 << 32) - 1

_KINDS = {
    tarfile.REGTYPE: NodeType.FILE,
    tarfile.AREGTYPE: NodeType.FILE,
    tarfile.CONTTYPE: NodeType.FILE,
    tarfile.GNUTYPE_SPARSE: NodeType.FILE,
    tarfile.DIRTYPE: NodeType.DIRECTORY,
    tarfile.SYMTYPE: NodeType.SYMLINK,
    tarfile.CHRTYPE: NodeType.CHAR,
    tarfile.BLKTYPE: NodeType.BLOCK,
    tarfile.FIFOTYPE: NodeType.FIFO,
}
_TYPES = {
    NodeType.FILE: tarfile.REGTYPE,
    NodeType.DIRECTORY: tarfile.DIRTYPE,
    NodeType.SYMLINK: tarfile.SYMTYPE,
    NodeType.CHAR: tarfile.CHRTYPE,
    NodeType.BLOCK: tarfile.BLKTYPE,
    NodeType.FIFO: tarfile.FIFOTYPE,
}


def looks_like_tar(source: ByteSource) -> bool:
    """Whether the first block is a tar header by its checksum."""
    block = source.pread(0, BLOCK)
    if len(block) < BLOCK or not block[0]:
        return False
    try:
        wanted = int(block[148:156].strip(b" \0") or b"-", 8)
    except ValueError:
        return False
    return wanted == sum(block[:148]) + 8 * 32 + sum(block[156:])


def read_tar(path: Path) -> FileTree:
    """The tree in a tar file.  A later entry of the same name takes the earlier's place.

    Raises ``InputError`` for what is broken, cut short, compressed, or climbs with ``..``.
    """
    return read_tar_source(FileSource(path), place=(str(path),))


def read_tar_source(source: ByteSource, *, place: tuple[str, ...] = ()) -> FileTree:
    """Like ``read_tar``, from a piece of something larger; content stays in ``source``."""
    try:
        return _Reader(source).read()
    except (tarfile.TarError, ValueError, EOFError) as e:
        raise InputError(f"not a sound tar file: {e}", place=place) from e
    except InputError as e:
        raise e.inside(*place) from e


class _Headers:
    """A tar file as ``tarfile`` may read it: headers only, none larger than a mebibyte.

    It lets go of the source when it is left: tarfile's objects refer to each other, and
    would hold the file open until they are collected.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source: ByteSource = source
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._source = BytesSource(b"")

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As a file's; nothing seeks from the end."""
        if whence not in (os.SEEK_SET, os.SEEK_CUR):
            raise tarfile.ReadError("a seek from the end")
        self._at = offset + (self._at if whence == os.SEEK_CUR else 0)
        return self._at

    def tell(self) -> int:
        """As a file's."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Refuse what a broken size asks for."""
        if not 0 <= size <= HEADER_MAX:
            raise tarfile.ReadError(f"a header of {size} bytes")
        data = self._source.pread(self._at, size)
        self._at += len(data)
        return data


class _Reader:
    """One reading of one tar file."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._builder = TreeBuilder(directory(), resolution=SECOND)

    def read(self) -> FileTree:
        with _Headers(self._source) as headers:
            fine = self._members(headers)
        tree = self._builder.build()
        return FileTree(tree.nodes, tree.names, tree.parents, tree.nlinks, 1 if fine else SECOND)

    def _members(self, headers: _Headers) -> bool:
        """Take every member; whether one has its time to the nanosecond."""
        archive = tarfile.open(  # noqa: SIM115 - it holds nothing but the headers
            fileobj=cast("BinaryIO", headers),
            mode="r:",
            encoding="utf-8",
            errors="surrogateescape",
        )
        fine, at = False, 0
        while (member := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # or it would keep them all
            if archive.offset <= at:
                raise InputError(f"goes back at byte {at}")
            at = archive.offset
            fine = fine or "mtime" in member.pax_headers
            name = _bytes(member.name)
            try:
                self._take(split_path(name), member)
            except InputError as e:
                raise e.inside(show(name)) from e
        self._check_end(archive.offset)
        return fine

    def _check_end(self, offset: int) -> None:
        """tarfile takes a bad header and a missing end for the end; this does not."""
        block = self._source.pread(offset, BLOCK)
        if block != bytes(BLOCK):
            what = "is cut short" if len(block) < BLOCK else "has a bad header"
            raise InputError(f"{what} at byte {offset}")

    def _take(self, names: tuple[bytes, ...], member: tarfile.TarInfo) -> None:
        if not names:
            if not member.isdir():
                raise InputError("the root is not a directory")
            self._builder.replace(ROOT, self._node(member))
            return
        parent = self._builder.make_directories(b"/".join(names[:-1]), directory())
        there = self._builder.children(parent).get(names[-1])
        if member.islnk():
            self._link(parent, names[-1], there, member)
            return
        node = self._node(member)
        if there is not None:
            if node.is_directory and self._builder.node(there).is_directory:
                self._builder.replace(there, node)
                return
            self._remove(parent, names[-1], there)
        self._builder.add(parent, names[-1], node)

    def _link(self, parent: int, name: bytes, there: int | None, member: tarfile.TarInfo) -> None:
        target = self._builder.find(_bytes(member.linkname))
        if target is None or self._builder.node(target).is_directory:
            raise InputError(f"is a link to '{show(_bytes(member.linkname))}', which is no file")
        if there == target:
            return
        if there is not None:
            self._remove(parent, name, there)
        self._builder.link(parent, name, target)

    def _remove(self, parent: int, name: bytes, there: int) -> None:
        if self._builder.children(there):
            raise InputError("takes the place of a directory that is not empty")
        self._builder.unlink(parent, name)

    def _node(self, member: tarfile.TarInfo) -> Node:
        kind = _KINDS.get(member.type)
        if kind is None:
            raise InputError(f"has the unknown type {member.type!r}")
        if not (0 <= member.uid <= ID_MAX and 0 <= member.gid <= ID_MAX):
            raise InputError(f"belongs to {member.uid}:{member.gid}")
        text = member.pax_headers.get("mtime")
        mtime = int(member.mtime) * SECOND if text is None else _time(text)
        atime = member.pax_headers.get("atime")
        device = kind in (NodeType.CHAR, NodeType.BLOCK)
        return Node(
            kind,
            member.mode & 0o7777,
            member.uid,
            member.gid,
            mtime,
            mtime if atime is None else _time(atime),
            mtime,
            self._content(member) if kind is NodeType.FILE else EMPTY,
            _bytes(member.linkname) if kind is NodeType.SYMLINK else b"",
            Device(member.devmajor, member.devminor) if device else None,
        )

    def _content(self, member: tarfile.TarInfo) -> Content:
        runs: list[tuple[int, int, int]] = []
        at, end = member.offset_data, 0
        sparse = cast("list[tuple[int, int]] | None", member.sparse)
        for offset, length in sparse or [(0, member.size)]:
            if length == 0:
                continue
            if offset < end or length < 0 or offset + length > member.size:
                raise InputError("has a broken map of holes")
            runs.append((offset, length, at))
            at, end = at + length, offset + length
        if at > self._source.size:
            raise InputError("is cut short")
        return RunsContent(self._source, member.size, runs) if member.size else EMPTY


def write_tar(
    tree: FileTree,
    out: BinaryIO,
    *,
    top: int = ROOT,
    advance: Callable[[int], None] = lambda _count: None,
) -> tuple[bytes, ...]:
    """Write what lies below ``top`` as a pax stream; ``out`` may be a pipe.

    Returns the paths of sockets, which tar cannot hold.  ``advance`` hears of bytes.
    """
    left_out: list[bytes] = []
    first: dict[int, bytes] = {}
    written = 0
    for path, number, node in tree.walk(top):
        name = path.lstrip(b"/")
        if node.type is NodeType.SOCKET:
            left_out.append(path)
            continue
        header = _header(name or b".", node, first.get(number))
        written += out.write(header)
        if number not in first and node.type is NodeType.FILE:
            written += _write_content(node, path, out, advance)
        if not node.is_directory:
            first.setdefault(number, name)
    out.write(bytes(2 * BLOCK + -(written + 2 * BLOCK) % RECORD))
    return tuple(left_out)


def _write_content(node: Node, path: bytes, out: BinaryIO, advance: Callable[[int], None]) -> int:
    try:
        for chunk in node.content.chunks():
            out.write(chunk)
            advance(len(chunk))
    except (InputError, StoppedError) as e:
        raise _at(e, path) from e
    padding = -node.size % BLOCK
    out.write(bytes(padding))
    return node.size + padding


def _at(error: InputError | StoppedError, path: bytes) -> InputError | StoppedError:
    if isinstance(error, InputError) and error.place[:1] != (show(path),):
        return error.inside(show(path))
    return error


def _header(name: bytes, node: Node, link: bytes | None) -> bytes:
    info = tarfile.TarInfo(_text(name))
    info.type = _TYPES[node.type] if link is None else tarfile.LNKTYPE
    info.mode, info.uid, info.gid = node.mode, node.uid, node.gid
    info.size = node.size if node.type is NodeType.FILE and link is None else 0
    info.linkname = _text(node.target if link is None else link)
    if node.device is not None:
        info.devmajor, info.devminor = node.device
    info.mtime, rest = divmod(node.mtime, SECOND)
    if rest:
        info.pax_headers = {"mtime": _decimal(node.mtime)}
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _decimal(time: int) -> str:
    seconds, rest = divmod(abs(time), SECOND)
    return f"{'-' if time < 0 else ''}{seconds}.{rest:09d}"


def _time(text: str) -> int:
    """pax' decimal seconds as nanoseconds, exactly."""
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]*)?", text):
        raise InputError(f"has the time {text!r}")
    return int(Decimal(text) * SECOND // 1)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
