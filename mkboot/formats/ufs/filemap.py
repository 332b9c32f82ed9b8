# SPDX-License-Identifier: Apache-2.0
"""How the data of one file hang on its inode: direct blocks, indirect blocks, holes.

A block with no data extent is a hole and takes no room.  On disk a file's blocks follow
one another in the order: direct blocks, then for each indirect block that is needed the
block itself (with those above it before it) and the data blocks it points to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.formats.inode import DIRECT
from mkboot.formats.ufs.geometry import Layout, ceil
from mkboot.tree.content import Extent


class Shape(NamedTuple):
    """What a file takes: whole blocks, ``indirect`` of them without data, and the
    fragments of a last direct block that is not whole.
    """

    blocks: int
    indirect: int
    tail: int


class Piece(NamedTuple):
    """Data blocks ``first`` to before ``after`` of a file, all below one indirect block.

    ``leaf`` counts the lowest indirect blocks from 0; -1 stands for the direct blocks.
    """

    leaf: int
    first: int
    after: int


def largest_file(layout: Layout) -> int:
    """Bytes that three levels of indirect blocks can address."""
    n = layout.bsize // 4
    return (DIRECT + n + n**2 + n**3) * layout.bsize


def block_runs(size: int, extents: Iterable[Extent], bsize: int) -> Iterator[tuple[int, int]]:
    """The (first, after) runs of blocks with data, ascending and apart."""
    first = after = 0
    for offset, length in extents:
        start, stop = offset // bsize, ceil(min(offset + length, size), bsize)
        if length <= 0 or stop <= start:
            continue
        if start > after:
            if after > first:
                yield first, after
            first = start
        after = max(after, stop)
    if after > first:
        yield first, after


def pieces(runs: Iterator[tuple[int, int]], nindir: int) -> Iterator[Piece]:
    """Runs cut where another indirect block begins."""
    for first, after in runs:
        while first < after:
            leaf = (first - DIRECT) // nindir if first >= DIRECT else -1
            limit = min(after, DIRECT + (leaf + 1) * nindir)
            yield Piece(leaf, first, limit)
            first = limit


def ancestors(leaf: int, nindir: int) -> tuple[int, ...]:
    """Which slots lead to a leaf: first 0, 1 or 2 for the inode's ``ib``, then the place in
    each indirect block above the leaf.
    """
    if leaf < 1:
        return (0,)
    leaf -= 1
    if leaf < nindir:
        return 1, leaf
    leaf -= nindir
    return 2, *divmod(leaf, nindir)


def measure(size: int, extents: Iterable[Extent], layout: Layout) -> Shape:
    """What a file takes.  ``InputError`` if it is longer than a UFS can address."""
    bsize = layout.bsize
    if size > largest_file(layout):
        raise InputError(f"{size} bytes are more than a file can have in this file system")
    blocks = ceil(size, bsize)
    if blocks > DIRECT:
        return _measure_indirect(size, extents, layout)
    small = tuple(extents)
    if small == ((0, size),):
        used = end = blocks
    else:
        runs = tuple(block_runs(size, small, bsize))
        used = sum(after - first for first, after in runs)
        end = runs[-1][1] if runs else 0
    tail = ceil(size % bsize, layout.fsize)
    if not tail or tail == layout.frag or end < blocks:
        return Shape(used, 0, 0)
    return Shape(used - 1, 0, tail)


def _measure_indirect(size: int, extents: Iterable[Extent], layout: Layout) -> Shape:
    nindir = layout.bsize // 4
    used = indirect = 0
    above: tuple[int, ...] = ()
    last = -1
    for leaf, first, after in pieces(block_runs(size, extents, layout.bsize), nindir):
        used += after - first
        if leaf > last:
            path = ancestors(leaf, nindir)
            indirect += 1 + _new_above(above, path)
            above, last = path, leaf
    return Shape(used + indirect, indirect, 0)


def _new_above(old: tuple[int, ...], new: tuple[int, ...]) -> int:
    """How many indirect blocks above a leaf are met for the first time."""
    return sum(old[: depth + 1] != new[: depth + 1] for depth in range(len(new) - 1))
