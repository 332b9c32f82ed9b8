# SPDX-License-Identifier: Apache-2.0
"""One entry of a cpio archive, decoded fast; a test holds it equal to the declaration."""

from __future__ import annotations

import re
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.formats.cpio.structs import (
    CRC_MAGIC,
    NAME_MAX,
    NEWC_MAGIC,
    NEWC_SIZE,
    ODC_MAGIC,
    ODC_SIZE,
)
from mkboot.tree.source import ByteSource, read_exact

_HEX = re.compile(rb"[0-9a-fA-F]{104}")
_OCTAL = re.compile(rb"[0-7]{70}")
_ODC_WIDTHS = (6, 6, 6, 6, 6, 6, 6, 11, 6, 11)


class Header(NamedTuple):
    """One entry.  ``data`` is where its bytes begin, ``next`` where the next entry does."""

    magic: bytes
    device: tuple[int, int]
    ino: int
    mode: int
    uid: int
    gid: int
    nlink: int
    mtime: int
    size: int
    rdev: tuple[int, int]
    check: int
    name: bytes
    data: int
    next: int


def read_header(source: ByteSource, at: int) -> Header:
    """The entry at byte ``at``.

    Raises ``InputError`` for what is no header, has no sensible name, or has data past
    the end of the archive.
    """
    raw = source.pread(at, NEWC_SIZE)
    magic = raw[:6]
    if magic in (NEWC_MAGIC, CRC_MAGIC):
        header = _newc(source, raw, at)
    elif magic == ODC_MAGIC:
        header = _odc(source, raw, at)
    elif len(raw) < 6:
        raise InputError(f"ends at byte {source.size} without its trailer")
    else:
        raise InputError(f"has no header at byte {at}")
    if header.size and header.data + header.size > source.size:
        raise InputError(f"is cut short: the entry at byte {at} has {header.size} bytes")
    return header


def _newc(source: ByteSource, raw: bytes, at: int) -> Header:
    if len(raw) < NEWC_SIZE or not _HEX.fullmatch(raw[6:]):
        raise InputError(f"has a broken header at byte {at}")
    n = [int(raw[i : i + 8], 16) for i in range(6, NEWC_SIZE, 8)]
    name = _name(source, at, NEWC_SIZE, n[11])
    data = at + -(-(NEWC_SIZE + n[11]) // 4) * 4
    return Header(
        raw[:6], (n[7], n[8]), n[0], n[1], n[2], n[3], n[4], n[5], n[6], (n[9], n[10]), n[12],
        name, data, data + -(-n[6] // 4) * 4,
    )  # fmt: skip


def _odc(source: ByteSource, raw: bytes, at: int) -> Header:
    if len(raw) < ODC_SIZE or not _OCTAL.fullmatch(raw[6:ODC_SIZE]):
        raise InputError(f"has a broken header at byte {at}")
    n, here = [], 6
    for width in _ODC_WIDTHS:
        n.append(int(raw[here : here + width], 8))
        here += width
    dev, ino, mode, uid, gid, nlink, rdev, mtime, name_size, size = n
    name = _name(source, at, ODC_SIZE, name_size)
    data = at + ODC_SIZE + name_size
    return Header(
        ODC_MAGIC, (0, dev), ino, mode, uid, gid, nlink, mtime, size, divmod(rdev, 256), 0,
        name, data, data + size,
    )  # fmt: skip


def _name(source: ByteSource, at: int, header: int, size: int) -> bytes:
    if not 1 < size <= NAME_MAX:
        raise InputError(f"has a name of {size} bytes at byte {at}")
    raw = read_exact(source, at + header, size, ())
    if raw.index(b"\0") != size - 1 if b"\0" in raw else True:
        raise InputError(f"has a broken name at byte {at}")
    return raw[:-1]
