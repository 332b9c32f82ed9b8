# SPDX-License-Identifier: Apache-2.0
"""What comes before phase 1: the superblock, its copies, its tables and its state.

Source: illumos cmd/fs.d/ufs/fsck, in own words.  It looks at one copy, the last group's;
here all are looked at.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from mkboot.errors import InputError
from mkboot.formats.ufs.fsck.disk import Disk
from mkboot.formats.ufs.fsck.report import Collector, Phase, group_place
from mkboot.formats.ufs.fsck.words import has_geometry, table_sizes, wrong_words
from mkboot.formats.ufs.groups import group_superblock
from mkboot.formats.ufs.state import state_of
from mkboot.formats.ufs.structs import (
    BYTE_ORDERS,
    CLEAN,
    CLEAN_LOG,
    CLEAN_STABLE,
    FLAG_LARGEFILES,
    MAGIC,
    MAGIC_AT,
    MAGIC_MULTI_TERABYTE,
    SUPERBLOCK,
    SUPERBLOCK_AT,
    ByteOrder,
    Superblock,
    parse_superblock,
)
from mkboot.formats.ufs.superblock import find_fault
from mkboot.tree.source import ByteSource

#: Where the first copy lies, whatever the geometry.
_FIRST_COPY = 16384
PLACE = "superblock"
#: (first byte, length) of what may differ between copies.
_VOLATILE = (
    (0, 8), (32, 4), (60, 8), (88, 8), (100, 4), (128, 12), (192, 20), (212, 512),
    (724, 4), (728, 128), (1324, 8), (1336, 4), (1360, 4),
)  # fmt: skip
_MTB_COPIES = 10


def find_superblock(
    source: ByteSource, place: tuple[str, ...], faults: Collector
) -> tuple[Superblock | None, ByteOrder, int]:
    """The superblock, or its first copy where it is no good, or None where that is none
    either; its byte order; the byte where it lies.  ``InputError`` where there is no magic
    number at all.
    """
    orders = [_order_at(source, at) for at in (SUPERBLOCK_AT, _FIRST_COPY)]
    order = orders[0] or orders[1]
    if order is None:
        raise InputError("no UFS: there is no superblock's magic number", place=place)
    for at, own in zip((SUPERBLOCK_AT, _FIRST_COPY), orders, strict=True):
        if own is None:
            faults.add(Phase.SUPERBLOCK, "sb-magic", PLACE, "the magic number is wrong")
            continue
        sb = parse_superblock(source.pread(at, SUPERBLOCK).ljust(SUPERBLOCK, b"\0"), own)
        if at == SUPERBLOCK_AT:
            _tell_words(sb, faults)
        unusable = find_fault(sb)
        if not unusable:
            return sb, own, at
        if at == SUPERBLOCK_AT:
            faults.add(Phase.SUPERBLOCK, "sb-unusable", PLACE, unusable)
    return None, order, SUPERBLOCK_AT


def _order_at(source: ByteSource, at: int) -> ByteOrder | None:
    word = source.pread(at + MAGIC_AT, 4)
    for order in BYTE_ORDERS:
        if len(word) == 4 and int.from_bytes(word, order) in (MAGIC, MAGIC_MULTI_TERABYTE):
            return order
    return None


def _tell_words(sb: Superblock, faults: Collector) -> None:
    try:
        for word, message, overlooked in wrong_words(sb):
            faults.add(Phase.SUPERBLOCK, f"sb-{word}", PLACE, message, overlooked=overlooked)
    except (ZeroDivisionError, ValueError, OverflowError):
        # Numbers so wild that nothing follows from them; find_fault has words for it.
        return


def check_superblock(disk: Disk, faults: Collector) -> int:
    """State, tables and copies; how many copies were looked at is returned."""
    _length(disk, faults)
    _state(disk.sb, faults)
    _tables(disk, faults)
    return _copies(disk, faults)


def check_largefiles(sb: Superblock, large: int, faults: Collector) -> None:
    """The flag is set exactly when there is a file of more than 2^31 - 1 bytes."""
    flagged = bool(sb.flags & FLAG_LARGEFILES)
    if flagged != bool(large):
        words = f"the largefiles flag is {'set' if flagged else 'not set'}, with {large} such files"
        faults.add(Phase.SUPERBLOCK, "sb-largefiles", PLACE, words)


def _length(disk: Disk, faults: Collector) -> None:
    length = disk.sb.size * disk.sb.fsize
    if length > disk.source.size:
        words = f"the file system has {length} bytes, but there are only {disk.source.size}"
        faults.add(Phase.SUPERBLOCK, "image-short", PLACE, words)


def _state(sb: Superblock, faults: Collector) -> None:
    state = state_of(sb)
    if not state.state_holds:
        words = f"the state word 0x{sb.state:08x} does not fit the time {sb.time}"
        faults.add(Phase.SUPERBLOCK, "sb-state", PLACE, words)
    if state.log_unrolled:
        words = "there is a log that was not rolled"
        faults.add(Phase.SUPERBLOCK, "sb-log-unrolled", PLACE, words)
    if sb.clean not in (CLEAN, CLEAN_STABLE) and not (sb.clean == CLEAN_LOG and sb.logbno):
        faults.add(Phase.SUPERBLOCK, "sb-clean", PLACE, f"the file system is {state.words}")
    if sb.reclaim:
        words = f"files are left to be reclaimed ({sb.reclaim})"
        faults.add(Phase.SUPERBLOCK, "sb-reclaim", PLACE, words)


def _tables(disk: Disk, faults: Collector) -> None:
    """The rotational tables hold what follows from the geometry."""
    sb = disk.sb
    sizes = table_sizes(sb)
    room = min(sb.sbsize, SUPERBLOCK)
    good = sb.cpc > 0 and has_geometry(sb) and 1 <= sb.nrpos <= sb.nsect and sb.spc > 0
    good = good and 0 <= sb.postbloff <= room - sizes[0] and 0 <= sb.rotbloff <= room - sizes[1]
    if not good:
        return
    data = disk.source.pread(disk.superblock_at, SUPERBLOCK)
    positions, distances = rotational_tables(sb)
    mark = ">" if disk.order == "big" else "<"
    said = struct.unpack_from(f"{mark}{len(positions)}h", data, sb.postbloff)
    for n, (is_, should) in enumerate(zip(said, positions, strict=True)):
        if is_ != should:
            words = f"cylinder {n // sb.nrpos}, position {n % sb.nrpos}: {is_}, not {should}"
            faults.add(Phase.SUPERBLOCK, "sb-postbl", PLACE, words, overlooked=True)
    for n, (got, wanted) in enumerate(
        zip(data[sb.rotbloff : sb.rotbloff + sizes[1]], distances, strict=True)
    ):
        if got != wanted:
            words = f"block {n} of the cycle: {got}, not {wanted}"
            faults.add(Phase.SUPERBLOCK, "sb-rotbl", PLACE, words, overlooked=True)


def rotational_tables(sb: Superblock) -> tuple[list[int], bytes]:
    """For each cylinder and position of a cycle its first block (-1: none), and for each
    block how far it is to the next one there (0: none).
    """
    blocks = table_sizes(sb)[1]
    where: dict[int, list[int]] = {}
    for block in range(blocks):
        cylinder, sector = divmod(block * sb.bsize // 512, sb.spc)
        position = sector % sb.nsect * sb.nrpos // sb.nsect
        where.setdefault(cylinder * sb.nrpos + position, []).append(block)
    first = [where[n][0] if n in where else -1 for n in range(sb.cpc * sb.nrpos)]
    distance = bytearray(blocks)
    for there in where.values():
        for block, following in pairwise(there):
            distance[block] = following - block & 0xFF
    return first, bytes(distance)


def _copies(disk: Disk, faults: Collector) -> int:
    """Every group's copy against the superblock that is used."""
    sb = disk.sb
    length = min(max(sb.sbsize, MAGIC_AT + 4), SUPERBLOCK)
    own = _steady(disk.source.pread(disk.superblock_at, length))
    looked = 0
    for group in range(disk.groups):
        if sb.magic == MAGIC_MULTI_TERABYTE and _MTB_COPIES <= group < sb.ncg - _MTB_COPIES:
            continue
        looked += 1
        copy = _steady(disk.read(group_superblock(sb, group), length))
        if copy != own:
            words = [n for n in range(0, length, 4) if own[n : n + 4] != copy[n : n + 4]]
            message = f"differs at byte {', '.join(map(str, words[:8]))}"
            message += f" and {len(words) - 8} more words" if len(words) > 8 else ""
            place = f"superblock copy in {group_place(group)}"
            is_last = group == sb.ncg - 1
            faults.add(Phase.SUPERBLOCK, "sb-copy", place, message, overlooked=not is_last)
    return looked + 1


def _steady(data: bytes) -> bytes:
    """A superblock without what may differ."""
    steady = bytearray(data)
    for at, length in _VOLATILE:
        steady[at : at + length] = bytes(max(0, min(length, len(steady) - at)))
    return bytes(steady)
