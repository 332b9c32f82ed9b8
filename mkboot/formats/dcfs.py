# SPDX-License-Identifier: Apache-2.0
"""Files that fiocompress packed one by one, as Solaris 10 10/08 and later do in miniroots.

The inode carries the flag ICOMPRESS; the content begins with a header of 64-bit words in
the byte order of the file system, then the offset of each block, then each block as a zlib
stream of its own.  Source: illumos sys/fs/decomp.h and cmd/boot/fiocompress, in own words.
Nobody else's compressed file was at hand: what is read here was made after that
description.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from construct import Const, Int64ub, Int64ul, Struct

from mkboot.errors import InputError
from mkboot.formats.inode import FLAGS_AT, ByteOrder, word_at
from mkboot.tree.content import Content, SolidContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import Node, NodeType

ICOMPRESS = 4
MAGIC = 0x5A636D70
VERSION = 1
ZLIB = 1
#: Words before the offsets; the length that counts them is one offset longer (a spare slot).
_WORDS = 5
_BLOCK_MAX = 1 << 20


def header(byte_order: ByteOrder) -> Struct:
    """The header as it is declared."""
    word = Int64ub if byte_order == "big" else Int64ul
    return Struct(
        "magic" / Const(MAGIC, word),
        "version" / Const(VERSION, word),
        "algorithm" / Const(ZLIB, word),
        "size" / word,
        "block_size" / word,
    )


def is_compressed(node: Node, byte_order: ByteOrder) -> bool:
    """Whether a file of a UFS says that its content is compressed."""
    if node.type is not NodeType.FILE or len(node.dinode) < FLAGS_AT + 4:
        return False
    return bool(word_at(node.dinode, FLAGS_AT, byte_order) & ICOMPRESS)


def plain_files(tree: FileTree, byte_order: ByteOrder) -> FileTree:
    """The tree with every compressed file as the file system shows it: unpacked when read.

    A file whose header is broken is an ``InputError`` when it is read, not before.
    """
    packed = [n for n, node in enumerate(tree.nodes) if is_compressed(node, byte_order)]
    if not packed:
        return tree
    builder = tree.edit()
    for number in packed:
        node = tree.nodes[number]
        flags = word_at(node.dinode, FLAGS_AT, byte_order) & ~ICOMPRESS
        dinode = (
            node.dinode[:FLAGS_AT] + flags.to_bytes(4, byte_order) + node.dinode[FLAGS_AT + 4 :]
        )
        content = _unpacked(node.content, byte_order)
        builder.replace(number, replace(node, content=content, dinode=dinode))
    return builder.build()


def _unpacked(packed: Content, byte_order: ByteOrder) -> Content:
    try:
        return UnpackedContent(packed, byte_order)
    except InputError as e:
        return BrokenContent(packed.size, e)


class BrokenContent(SolidContent):
    """A file that cannot be unpacked: an ``InputError`` for whoever reads it."""

    __slots__ = ("_size", "_why")

    def __init__(self, size: int, why: InputError) -> None:
        self._size = size
        self._why = why

    @property
    def size(self) -> int:
        """Length in bytes, packed."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Never."""
        del offset, length
        raise self._why.inside()


class UnpackedContent(SolidContent):
    """What a compressed file holds; one block is unpacked at a time."""

    __slots__ = ("_block", "_block_size", "_order", "_packed", "_size", "_table")

    def __init__(self, packed: Content, byte_order: ByteOrder) -> None:
        self._packed = packed
        self._order: Literal[">", "<"] = ">" if byte_order == "big" else "<"
        words = struct.unpack(f"{self._order}{_WORDS}Q", self._head(_WORDS * 8))
        magic, version, algorithm = words[:3]
        self._size, self._block_size = int(words[3]), int(words[4])
        if (magic, version, algorithm) != (MAGIC, VERSION, ZLIB):
            raise InputError("is marked compressed, but has no such header")
        if not 0 < self._block_size <= _BLOCK_MAX or self._size > packed.size * 1100 + (1 << 20):
            raise InputError(f"cannot hold {self._size} bytes in blocks of {self._block_size}")
        count = -(-self._size // self._block_size)
        self._table = struct.unpack(f"{self._order}{count}Q", self._head(count * 8, _WORDS * 8))
        self._block = lru_cache(maxsize=4)(self._unpack)

    def _head(self, length: int, offset: int = 0) -> bytes:
        data = self._packed.read(offset, length) if length <= self._packed.size else b""
        if len(data) != length:
            raise InputError("is marked compressed, but its header is cut off")
        return data

    @property
    def size(self) -> int:
        """Length in bytes, unpacked."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Unpack what is asked for.  Raises ``InputError`` for a block that is damaged."""
        end = min(offset + length, self._size)
        parts: list[bytes] = []
        while offset < end:
            number, within = divmod(offset, self._block_size)
            data = self._block(number)[within : within + end - offset]
            parts.append(data)
            offset += len(data)
        return b"".join(parts)

    def _unpack(self, number: int) -> bytes:
        start = self._table[number]
        after = self._table[number + 1] if number + 1 < len(self._table) else self._packed.size
        want = min(self._block_size, self._size - number * self._block_size)
        if not start <= after <= self._packed.size:
            raise InputError(f"compressed block {number} points outside the file")
        try:
            data = zlib.decompressobj().decompress(self._packed.read(start, after - start), want)
        except zlib.error as e:
            raise InputError(f"compressed block {number}: {e}") from e
        if len(data) != want:
            raise InputError(f"compressed block {number} has {len(data)} bytes, not {want}")
        return data
