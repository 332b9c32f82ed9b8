# SPDX-License-Identifier: Apache-2.0
"""Phase 3b: the ACLs in shadow inodes.

Source: illumos sys/fs/ufs_acl.h, cmd/fs.d/ufs/fsck and what the kernel takes
(uts/common/fs/ufs/ufs_acl.c), in own words; where fsck and the kernel differ, the
stricter one counts.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator

import numpy as np

from mkboot.formats.acl import ACL_ACCESS, ACL_DEFAULT, ACL_ENTRY, ACL_FREE, ACL_HEADER
from mkboot.formats.ufs.fsck.disk import Disk
from mkboot.formats.ufs.fsck.inodes import DIRECTORY, SHADOW, Inodes
from mkboot.formats.ufs.fsck.pointers import blocks_of
from mkboot.formats.ufs.fsck.report import Collector, Phase

_DEFAULT = 0x1000
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _CLASS, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_OBJECTS = (_USER_OBJ, _GROUP_OBJ, _OTHER)
_TAGS = frozenset((*_OBJECTS, _USER, _GROUP, _CLASS))
#: No ACL that the kernel makes is larger: 2 x 1024 entries and their headers.
_MOST_BYTES = 1 << 16

Wrong = Iterator[tuple[str, str]]


def check_acls(disk: Disk, inodes: Inodes, faults: Collector) -> int:
    """Look at all shadow inodes; how many there are is returned."""
    ipg, count = disk.sb.ipg, 0
    seen: set[int] = set()
    with_default: set[int] = set()
    for group in range(disk.groups):
        here = np.flatnonzero(inodes.kind[group * ipg : (group + 1) * ipg] == SHADOW)
        table = disk.table(group) if len(here) else None
        for n in here.tolist():
            assert table is not None
            count += 1
            ino = group * ipg + n
            tags: Counter[int] = Counter()
            for code, words in _shadow(disk, table[n], tags, seen):
                faults.inode(Phase.ACLS, code, ino, words)
            if any(tag & _DEFAULT for tag in tags):
                with_default.add(ino)
    if with_default:
        _on_files(inodes, with_default, faults)
    return count


def _on_files(inodes: Inodes, with_default: set[int], faults: Collector) -> None:
    for ino in np.flatnonzero(inodes.shadow).tolist():
        if int(inodes.shadow[ino]) in with_default and inodes.kind[ino] not in (DIRECTORY, SHADOW):
            words = "has a default ACL, but is no directory"
            faults.inode(Phase.ACLS, "acl-default-on-file", ino, words, overlooked=True)


def _shadow(disk: Disk, dinode: np.void, tags: Counter[int], seen: set[int]) -> Wrong:
    size = int(dinode["size"])
    if not 0 < size <= _MOST_BYTES:
        yield "acl-size", f"an ACL of {size} bytes"
        return
    bsize = disk.sb.bsize
    data = bytearray(size)
    numbers = dinode["db"].tolist(), dinode["ib"].tolist()
    for n, fragment in blocks_of(disk, size, *numbers, _MOST_BYTES // bsize + 1, seen):
        length = min(bsize, size - n * bsize)
        data[n * bsize : n * bsize + length] = disk.read(fragment, length)
    yield from check_records(bytes(data), ">" if disk.order == "big" else "<", tags)


def check_records(data: bytes, mark: str, tags: Counter[int]) -> Wrong:
    """What is wrong with a list of records, as code and words; ``tags`` is filled."""
    at = 0
    whole = True
    while at < len(data):
        if len(data) - at < ACL_HEADER:
            yield "acl-record", f"half a record at byte {at}"
            whole = False
            break
        kind, length = struct.unpack_from(mark + "II", data, at)
        problem = _record_fault(kind, length, len(data) - at)
        if problem:
            yield "acl-record", f"{problem}, at byte {at}"
            whole = False
            break
        if kind == ACL_FREE:
            at += length
            continue
        if kind not in (ACL_ACCESS, ACL_DEFAULT):
            yield "acl-type", f"a record of type {kind}, at byte {at}"
            at += length
            continue
        yield from _entries(data[at + ACL_HEADER : at + length], mark, tags)
        at += length
    if whole:
        yield from _objects(tags)


def _record_fault(kind: int, length: int, room: int) -> str:
    if length % 4 or length > room or length < ACL_HEADER + 4:
        return f"a record of {length} bytes with {room} left"
    if kind in (ACL_ACCESS, ACL_DEFAULT) and (length - ACL_HEADER) % ACL_ENTRY:
        return f"a record of {length} bytes, which are no whole entries"
    return ""


def _entries(data: bytes, mark: str, tags: Counter[int]) -> Wrong:
    for tag, perm, _who in struct.iter_unpack(mark + "HxxHxxI", data):
        if tag & ~_DEFAULT not in _TAGS:
            yield "acl-tag", f"an entry of type 0x{tag:x}"
            continue
        tags[tag] += 1
        if perm > 7:
            yield "acl-permissions", f"an entry of type 0x{tag:x} with permissions 0{perm:o}"


def _objects(tags: Counter[int]) -> Wrong:
    for tag in _OBJECTS:
        if tags[tag] != 1:
            yield "acl-objects", f"{tags[tag]} entries of type 0x{tag:x}, where one should be"
    defaults = [tags[_DEFAULT | tag] for tag in _OBJECTS]
    if any(tag & _DEFAULT for tag in tags) and sorted(defaults) not in ([0, 0, 0], [1, 1, 1]):
        yield "acl-default-objects", f"{defaults} default entries for user, group and others"
    for bit, name in ((0, "class"), (_DEFAULT, "default class")):
        if tags[bit | _CLASS] > 1:
            yield "acl-class", f"{tags[bit | _CLASS]} {name} entries"
        elif (tags[bit | _USER] or tags[bit | _GROUP]) and not tags[bit | _CLASS]:
            yield "acl-class", f"users or groups without a {name} entry"
