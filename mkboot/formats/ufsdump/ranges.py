# SPDX-License-Identifier: Apache-2.0
"""How a file is cut into headers and data records, holes left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mkboot.formats.inode import DIRECT
from mkboot.formats.ufsdump.structs import ADDRESSES, RECORD
from mkboot.tree.content import Content


class Piece(NamedTuple):
    """What one header announces: a byte for each record (0 for a hole), and the data as
    (offset, length) in the file, every offset and all but the last length whole records.
    """

    present: bytes
    data: tuple[tuple[int, int], ...]


def pieces(content: Content, block: int) -> Iterator[Piece]:
    """The headers of a file, as ufsdump cuts them; none for an empty one.

    The first reaches over the direct blocks, each further one over 512 records.  A block
    (``block`` bytes) is a hole if no data lies in it.
    """
    size = content.size
    start, end = 0, min(size, DIRECT * block)
    runs = _block_runs(content, block)
    run = next(runs, None)
    while start < size:
        present = bytearray(-(-(end - start) // RECORD))
        data: list[tuple[int, int]] = []
        while run is not None and run[0] < end:
            first, last = max(run[0], start), min(run[1], end)
            data.append((first, last - first))
            low, high = (first - start) // RECORD, -(-(last - start) // RECORD)
            present[low:high] = b"\1" * (high - low)
            if run[1] > end:
                break
            run = next(runs, None)
        yield Piece(bytes(present), tuple(data))
        start, end = end, min(size, end + ADDRESSES * RECORD)


def _block_runs(content: Content, block: int) -> Iterator[tuple[int, int]]:
    """The (first, last + 1) bytes of data in whole blocks, joined where they touch."""
    size = content.size
    first = last = 0
    for at, length in content.extents():
        if not length:
            continue
        low, high = at - at % block, min(size, -(-(at + length) // block) * block)
        if low > last:
            if last:
                yield first, last
            first = low
        last = max(last, high)
    if last:
        yield first, last


def records_of(content: Content, block: int) -> int:
    """Headers and data records that a file takes."""
    if content.is_whole():
        records = -(-content.size // RECORD)
        behind = records - DIRECT * block // RECORD
        return 1 + records + (-(-behind // ADDRESSES) if behind > 0 else 0)
    count = 0
    for piece in pieces(content, block):
        count += 1 + len(piece.present) - piece.present.count(0)
    return max(count, 1)


def has_zero_block(data: bytes, block: int) -> bool:
    """Whether a block of ``data`` is all zeros: only such a one can be a hole."""
    for at in range(0, len(data), block):
        if not data[at] and data.startswith(_ZEROS[: min(block, len(data) - at)], at):
            return True
    return False


_ZEROS = bytes(8192)
