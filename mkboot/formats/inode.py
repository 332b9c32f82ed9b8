# SPDX-License-Identifier: Apache-2.0
"""The 128-byte inode that UFS keeps on disk and ufsdump puts into its headers.

Source: illumos sys/fs/ufs_inode.h (struct icommon), in own words.  ``DINODE_STRUCT`` is
the definition; the numpy dtype and the quick decoder are tested equal to it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

import construct as c
import numpy as np

from mkboot.errors import InputError
from mkboot.tree.content import EMPTY, Content
from mkboot.tree.node import (
    SECOND,
    TYPE_BITS,
    TYPE_OF_BITS,
    AclEntry,
    Attribute,
    Device,
    Node,
    NodeType,
)

ByteOrder = Literal["big", "little"]

DINODE = 128
#: Direct and indirect block numbers in an inode.
DIRECT, INDIRECT = 12, 3
#: Byte offsets in an inode: block numbers, and behind them flags, blocks, gen.
DB_AT, FLAGS_AT, BLOCKS_AT, GEN_AT = 40, 100, 104, 108
SHADOW_AT, OEFT_AT = 112, 124

#: The type part of a mode, and the two types that are no node of a tree.
IFMT = 0o170000
IFSHAD = 0o130000
IFATTRDIR = 0o160000
PERMISSIONS = 0o7777
#: di_flags: this inode is an attribute directory or a file in one.
IXATTR = 1
#: di_flags: block numbers below zero are room set aside for the file, that reads as zeros.
IFALLOCATE = 2
#: Short user and group ids that say: look at the 32-bit one.
LONG_ID = 0xFFFF

_TIMES = ("atime", "mtime", "ctime")
_MARK: dict[ByteOrder, str] = {"big": ">", "little": "<"}
_ALL = "HhHHQ6i12i3iIiIIIII"
_HEAD = {order: struct.Struct(mark + "HhHHQ6i") for order, mark in _MARK.items()}
_WHOLE = {order: struct.Struct(mark + _ALL) for order, mark in _MARK.items()}
_IDS = {order: struct.Struct(mark + "II") for order, mark in _MARK.items()}
_WORD = {order: struct.Struct(mark + "I") for order, mark in _MARK.items()}


def _dinode(order: ByteOrder) -> c.Struct:
    u16, i16, i32, u32, u64 = (
        (c.Int16ub, c.Int16sb, c.Int32sb, c.Int32ub, c.Int64ub)
        if order == "big"
        else (c.Int16ul, c.Int16sl, c.Int32sl, c.Int32ul, c.Int64ul)
    )
    return c.Struct(
        "mode" / u16,
        "nlink" / i16,
        "suid" / u16,
        "sgid" / u16,
        "size" / u64,
        *(field / i32 for time in _TIMES for field in (time, time + "_usec")),
        "db" / c.Array(DIRECT, i32),
        "ib" / c.Array(INDIRECT, i32),
        "flags" / u32,
        "blocks" / i32,
        *(name / u32 for name in ("gen", "shadow", "uid", "gid", "oeftflag")),
    )


#: The definition.  ``blocks`` counts 512 bytes; ``oeftflag`` is the attribute directory.
DINODE_STRUCT: dict[ByteOrder, c.Struct] = {order: _dinode(order) for order in _MARK}


def dinode_dtype(order: ByteOrder) -> np.dtype[np.void]:
    """The same as a numpy dtype, for inode tables."""
    m = _MARK[order]
    fields: list[tuple[str, str] | tuple[str, str, int]] = [
        ("mode", m + "u2"), ("nlink", m + "i2"), ("suid", m + "u2"), ("sgid", m + "u2"),
        ("size", m + "u8"),
        *((field, m + "i4") for time in _TIMES for field in (time, time + "_usec")),
        ("db", m + "i4", DIRECT), ("ib", m + "i4", INDIRECT),
        ("flags", m + "u4"), ("blocks", m + "i4"), ("gen", m + "u4"), ("shadow", m + "u4"),
        ("uid", m + "u4"), ("gid", m + "u4"), ("oeftflag", m + "u4"),
    ]  # fmt: skip
    return np.dtype(fields)


def short_id(number: int) -> int:
    """What stands in the 16 bits for a user or group id."""
    return min(number, LONG_ID)


def owner_of(dinode: bytes, byte_order: ByteOrder) -> tuple[int, int]:
    """User and group: the 32-bit ones count only where the short ones say so."""
    _, _, uid, gid, *_ = _HEAD[byte_order].unpack_from(dinode)
    if uid == LONG_ID or gid == LONG_ID:
        long_uid, long_gid = _IDS[byte_order].unpack_from(dinode, 116)
        return (long_uid if uid == LONG_ID else uid), (long_gid if gid == LONG_ID else gid)
    return uid, gid


def mode_of(dinode: bytes, byte_order: ByteOrder) -> int:
    """Type and permission bits."""
    return int.from_bytes(dinode[:2], byte_order)


def size_of(dinode: bytes, byte_order: ByteOrder) -> int:
    """The length in bytes that the inode states."""
    return int.from_bytes(dinode[8:16], byte_order)


def word_at(dinode: bytes, at: int, byte_order: ByteOrder) -> int:
    """The unsigned word at a byte offset (``SHADOW_AT`` …)."""
    return int.from_bytes(dinode[at : at + 4], byte_order)


def device_index(byte_order: ByteOrder) -> int:
    """Which of ``db`` holds a device number: they differ because it was 64 bits once."""
    return 0 if byte_order == "big" else 1


def decode_device(dinode: bytes, byte_order: ByteOrder) -> Device:
    """The device of a character or block special file, old (8+8) or new (14+18) form."""
    word = word_at(dinode, DB_AT + 4 * device_index(byte_order), byte_order)
    if word >> 16 in (0, 0xFFFF):
        return Device(word >> 8 & 0xFF, word & 0xFF)
    return Device(word >> 18, word & 0x3FFFF)


def encode_device(device: Device) -> int:
    """The word for a device: the old form where it fits.  ``InputError`` if neither does.

    Where the new form of a number would be taken for an old one there is no way to
    write it: major 0 with a minor over 255 and below 65536, and the like.
    """
    major, minor = device
    if 0 <= major <= 0xFF and 0 <= minor <= 0xFF:
        return major << 8 | minor
    word = major << 18 | minor
    if not (0 <= major < 1 << 14 and 0 <= minor < 1 << 18) or word >> 16 in (0, 0xFFFF):
        raise InputError(f"device {major},{minor} does not fit a UFS inode")
    return word


#: One integer object for each set of permission bits, so that a million nodes share them.
_MODES = tuple(range(PERMISSIONS + 1))


def _time(seconds: int, microseconds: int) -> int:
    # BSD kept other things in the second word: what is no microsecond is no time.
    if 0 <= microseconds < 1_000_000:
        return seconds * SECOND + microseconds * 1000
    return seconds * SECOND


def node_from_dinode(
    dinode: bytes,
    byte_order: ByteOrder,
    ino: int,
    content: Content = EMPTY,
    target: bytes = b"",
    acl: tuple[AclEntry, ...] = (),
    default_acl: tuple[AclEntry, ...] = (),
    attributes: tuple[Attribute, ...] = (),
) -> Node:
    """The node that an inode describes.  ``InputError`` where its type is none of a tree's."""
    mode, _, uid, gid, _, a, a_usec, m, m_usec, ct, c_usec = _HEAD[byte_order].unpack_from(dinode)
    kind = TYPE_OF_BITS.get(mode & IFMT)
    if kind is None:
        raise InputError(f"a file of unknown type {mode & IFMT:07o}")
    if uid == LONG_ID or gid == LONG_ID:
        uid, gid = owner_of(dinode, byte_order)
    mtime = _time(m, m_usec)
    device = None
    if kind is NodeType.CHAR or kind is NodeType.BLOCK:
        device = decode_device(dinode, byte_order)
    return Node(
        kind, _MODES[mode & PERMISSIONS], uid, gid, mtime,
        mtime if a == m and a_usec == m_usec else _time(a, a_usec),
        mtime if ct == m and c_usec == m_usec else _time(ct, c_usec),
        content, target, device, acl, default_acl, attributes, ino, dinode,
    )  # fmt: skip


def pack_dinode(
    byte_order: ByteOrder,
    *,
    mode: int,
    nlink: int,
    uid: int,
    gid: int,
    size: int,
    times: tuple[int, int, int],
    db: Sequence[int] = (),
    ib: Sequence[int] = (),
    flags: int = 0,
    blocks: int = 0,
    gen: int = 0,
    shadow: int = 0,
    oeftflag: int = 0,
) -> bytes:
    """The 128 bytes.  ``mode`` with its type; ``times`` (access, change of content, of inode)
    in nanoseconds; ``db`` and ``ib`` may be short.  ``InputError`` for what does not fit.
    """
    words: list[int] = [mode, nlink, short_id(uid), short_id(gid), size]
    for time in times:
        seconds, rest = divmod(time, SECOND)
        words += (seconds, rest // 1000)
    words += [*db, *[0] * (DIRECT - len(db)), *ib, *[0] * (INDIRECT - len(ib))]
    words += [flags, blocks, gen, shadow, uid, gid, oeftflag]
    try:
        return _WHOLE[byte_order].pack(*words)
    except struct.error as e:
        raise InputError(f"does not fit a UFS inode: {e}") from e


def dinode_from_node(
    node: Node,
    *,
    byte_order: ByteOrder,
    nlink: int,
    size: int,
    blocks: int = 0,
    db: Sequence[int] = (),
    ib: Sequence[int] = (),
    gen: int = 0,
    flags: int = 0,
    shadow: int = 0,
    oeftflag: int = 0,
    keep: bool = False,
) -> bytes:
    """The inode for a node; a device's number takes its place in ``db``.

    With ``keep`` and a node that has a dinode (of the same byte order), ``db``, ``ib``,
    ``flags``, ``blocks``, ``gen``, ``shadow`` and ``oeftflag`` are taken from there.
    """
    if keep and node.dinode:
        whole = _WHOLE[byte_order].unpack(node.dinode)
        db, ib = whole[11:23], whole[23:26]
        flags, blocks, gen, shadow, _, _, oeftflag = whole[26:33]
    if node.device is not None:
        word = encode_device(node.device)
        db = [0, word - (word >> 31 << 32)]
        db = db[1 - device_index(byte_order) :]
    return pack_dinode(
        byte_order,
        mode=TYPE_BITS[node.type] | node.mode,
        nlink=nlink, uid=node.uid, gid=node.gid, size=size,
        times=(node.atime, node.mtime, node.ctime),
        db=db, ib=ib, flags=flags, blocks=blocks, gen=gen, shadow=shadow, oeftflag=oeftflag,
    )  # fmt: skip
