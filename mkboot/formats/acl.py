# SPDX-License-Identifier: Apache-2.0
"""ACL records, as they lie in a UFS shadow inode and in the headers of a dump.

Source: illumos sys/fs/ufs_acl.h, in own words.  A list of records, each a type word, a
word with the record's length in bytes (these 8 included), and entries of 12 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

import construct as c

from mkboot.errors import InputError
from mkboot.tree.node import AclEntry

ACL_FREE, ACL_ACCESS, ACL_DEFAULT = 0, 1, 2
ACL_HEADER = 8
ACL_ENTRY = 12


def _entry(order: Literal["big", "little"]) -> c.Struct:
    u16, u32 = (c.Int16ub, c.Int32ub) if order == "big" else (c.Int16ul, c.Int32ul)
    return c.Struct("tag" / u16, c.Padding(2), "perm" / u16, c.Padding(2), "who" / u32)


def _record(order: Literal["big", "little"]) -> c.Struct:
    u32 = c.Int32ub if order == "big" else c.Int32ul
    count = (c.this.length - ACL_HEADER) // ACL_ENTRY
    return c.Struct("type" / u32, "length" / u32, "entries" / c.Array(count, _entry(order)))


#: The declaration; parse_acl and build_acl are tested equal to it.
ACL_RECORD = {"big": _record("big"), "little": _record("little")}


def parse_acl(
    data: bytes, byte_order: Literal["big", "little"], place: tuple[str, ...] = ()
) -> tuple[tuple[AclEntry, ...], tuple[AclEntry, ...]]:
    """The access and the default ACL in a list of records; tags as they are on disk.

    Free records and types above 2 are passed over.  Raises ``InputError`` for lengths that
    do not fit, and for two records of one type.
    """
    mark = ">" if byte_order == "big" else "<"
    found: dict[int, tuple[AclEntry, ...]] = {}
    at = 0
    while at < len(data):
        if len(data) - at < ACL_HEADER:
            raise InputError(f"half an ACL record at byte {at}", place=place)
        kind, length = struct.unpack_from(mark + "II", data, at)
        if length < ACL_HEADER or length % 4 or at + length > len(data):
            raise InputError(f"an ACL record of {length} bytes at byte {at}", place=place)
        if kind in (ACL_ACCESS, ACL_DEFAULT):
            if kind in found or (length - ACL_HEADER) % ACL_ENTRY:
                raise InputError(f"a broken ACL record at byte {at}", place=place)
            body = data[at + ACL_HEADER : at + length]
            found[kind] = tuple(
                AclEntry(tag, who, perm)
                for tag, perm, who in struct.iter_unpack(mark + "HxxHxxI", body)
            )
        at += length
    return found.get(ACL_ACCESS, ()), found.get(ACL_DEFAULT, ())


def build_acl(
    acl: Sequence[AclEntry],
    default_acl: Sequence[AclEntry],
    byte_order: Literal["big", "little"],
) -> bytes:
    """The records for both lists; an empty list gives none."""
    mark = ">" if byte_order == "big" else "<"
    out = bytearray()
    for kind, entries in ((ACL_ACCESS, acl), (ACL_DEFAULT, default_acl)):
        if entries:
            out += struct.pack(mark + "II", kind, ACL_HEADER + ACL_ENTRY * len(entries))
        for entry in entries:
            out += struct.pack(mark + "HxxHxxI", entry.tag, entry.perm, entry.who)
    return bytes(out)
