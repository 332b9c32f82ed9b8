# SPDX-License-Identifier: Apache-2.0
"""The entries of a directory.

Source: illumos sys/fs/ufs_fsdir.h and cmd/fs.d/ufs/fsck, in own words.  Tested equal to
the declaration in ``structs``.
"""

from __future__ import annotations

import struct

from mkboot.errors import InputError
from mkboot.formats.inode import size_of
from mkboot.formats.ufs.content import read_range, runs
from mkboot.formats.ufs.store import BlockStore
from mkboot.formats.ufs.structs import DIRECTORY_CHUNK, ENTRY_HEADER, ByteOrder
from mkboot.tree.names import NAME_MAX, show

#: A directory is held in memory while it is read: this is room for ten million names.
_MOST_BYTES = 1 << 28
_HEADER = {"big": struct.Struct(">IHH"), "little": struct.Struct("<IHH")}


def read_directory(store: BlockStore, dinode: bytes) -> bytes:
    """All chunks of a directory.  ``InputError`` for a hole or a size that cannot be."""
    sb = store.sb
    size = size_of(dinode, store.order)
    if size == 0 or size % DIRECTORY_CHUNK or size > min(sb.size * sb.fsize, _MOST_BYTES):
        raise InputError(f"a directory of {size} bytes")
    blocks = -(-size // sb.bsize)
    found = sum(run.blocks for run in runs(store, dinode, 0, blocks, once=True))
    if found != blocks:
        raise InputError("a directory with a hole")
    return b"".join(read_range(store, dinode, 0, size))


def parse_directory(data: bytes, order: ByteOrder, own: int, parent: int) -> dict[bytes, int]:
    """Names and inode numbers in the order they lie there, less ``.`` and ``..``.

    ``own`` and ``parent`` are what those two must say.  Raises ``InputError`` for entries
    that are not well formed, and for names that come twice.
    """
    unpack = _HEADER[order].unpack_from
    names: dict[bytes, int] = {}
    dots: list[tuple[bytes, int]] = []
    at, size = 0, len(data)
    while at < size:
        ino, reclen, namlen = unpack(data, at)
        room = DIRECTORY_CHUNK - at % DIRECTORY_CHUNK
        if reclen < ENTRY_HEADER or reclen > room or reclen & 3:
            raise InputError(f"an entry of {reclen} bytes with {room} left, at byte {at}")
        if ino:
            if not 0 < namlen <= NAME_MAX or ENTRY_HEADER + namlen >= reclen:
                raise _bad_name_length(namlen, reclen, at, order)
            name = data[at + ENTRY_HEADER : at + ENTRY_HEADER + namlen]
            if name in names or b"/" in name or b"\0" in name:
                what = "comes twice" if name in names else "is no file name"
                raise InputError(f"'{show(name)}' {what}, at byte {at}")
            if name in (b".", b".."):
                dots.append((name, ino))
            else:
                names[name] = ino
        at += reclen
        if room - reclen and room - reclen < ENTRY_HEADER:
            raise InputError(f"half an entry at byte {at}")
    if dots != [(b".", own), (b"..", parent)]:
        said = ", ".join(f"'{name.decode()}' is inode {ino}" for name, ino in dots) or "neither"
        raise InputError(f"'.' should be inode {own} and '..' inode {parent}, but {said}")
    return names


def _bad_name_length(namlen: int, reclen: int, at: int, order: ByteOrder) -> InputError:
    first = namlen >> 8 if order == "big" else namlen & 0xFF
    if namlen > NAME_MAX and 0 < first < 15:
        return InputError(
            "entries with a type byte: a file system of 4.4BSD, not of Solaris",
            hint="mkboot reads UFS as Solaris writes it",
        )
    return InputError(f"a name of {namlen} bytes in an entry of {reclen}, at byte {at}")
