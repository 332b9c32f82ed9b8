# SPDX-License-Identifier: Apache-2.0
"""A level 0 dump and increments as one: what ``ufsrestore r`` makes of them in turn.

Done by inodes, as the dumps are: an inode in the newest dump that has it counts, one that
is not in the newest map of inodes in use is gone, and directories say what is called how.
Renamed directories, changed types, reused inodes and hard links need no rule of their own.
"""

from __future__ import annotations

import numpy as np

from mkboot.errors import InputError
from mkboot.formats.ufsdump.assemble import Assembler
from mkboot.formats.ufsdump.reader import Dump, made_dump
from mkboot.formats.ufsdump.scan import InodeMap, Scan
from mkboot.tree.filetree import FileTree


def merge_dumps(base: Dump, *increments: Dump, place: tuple[str, ...] = ()) -> FileTree:
    """The tree as it was when the last of ``increments`` was taken.

    ``base`` is a level 0 dump, and each increment is relative to the dump before it.
    Raises ``InputError`` where it is not.
    """
    return join_dumps(base, *increments, place=place).tree


def join_dumps(base: Dump, *increments: Dump, place: tuple[str, ...] = ()) -> Dump:
    """The same as a dump, with the header of the last: a base for the next increment."""
    if base.header.base_date:
        raise InputError("the first dump is no level 0 dump", place=place)
    last = base
    joined = base.scan
    for dump in increments:
        _check(last, dump, place)
        joined = _join(joined, dump.scan)
        last = dump
    if last is base:
        return base
    return made_dump(last.header, Assembler(joined, base.header.byte_order, True, place))


def _check(last: Dump, dump: Dump, place: tuple[str, ...]) -> None:
    level = dump.header.level
    if dump.header.byte_order != last.header.byte_order:
        raise InputError(f"the level {level} dump is of another byte order", place=place)
    if dump.header.base_date != last.header.date:
        order = "low" if dump.header.base_date > last.header.date else "high"
        raise InputError(
            f"the level {level} dump is relative to another than the one before it",
            place=place,
            hint=f"ufsrestore would say: Incremental volume too {order}",
        )


def _join(old: Scan, new: Scan) -> Scan:
    if not len(new.in_use):
        raise InputError("the increment has no map of the inodes in use")
    items = {ino: item for ino, item in old.items.items() if ino in new.in_use}
    items.update(new.items)
    size = max(old.dumped.size, new.in_use.size, new.dumped.size)
    dumped = (old.dumped.bits(size) | new.dumped.bits(size)) & new.in_use.bits(size)
    packed = np.packbits(dumped, bitorder="little").tobytes()
    return Scan(items, new.in_use, InodeMap(packed), old.records + new.records)
