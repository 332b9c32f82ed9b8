# SPDX-License-Identifier: Apache-2.0
"""Parts of the UFS writer by themselves."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.formats.ufs.blocks import Allocator, Places
from mkboot.formats.ufs.directories import (
    directory_size,
    empty_chunk,
    make_directory,
    record_size,
)
from mkboot.formats.ufs.filemap import ancestors, block_runs, measure, pieces
from mkboot.formats.ufs.gather import WINDOW, Gather
from mkboot.formats.ufs.geometry import Layout, lay_out
from mkboot.formats.ufs.maps import count_free
from mkboot.formats.ufs.newfs import rotational_tables
from mkboot.formats.ufs.structs import ENTRY_STRUCT
from mkboot.model.values import UfsParameters
from mkboot.tree.content import Extent

LAYOUT = lay_out(UfsParameters(40960, 640, 1))
STAGGERED = lay_out(UfsParameters(163840, 248, 19, cpg=4, nbpi=8192))
FRAG = LAYOUT.frag


class Memory:
    """A sink that says how often it was written to."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self.size = size
        self.writes = 0

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        assert 0 <= offset <= self.size - len(data)
        self.data[offset : offset + len(data)] = data
        self.writes += 1


NAMES = st.lists(st.binary(min_size=1, max_size=255), max_size=80, unique=True)


@pytest.mark.parametrize("order", ["big", "little"])
@given(names=NAMES)
def test_directories_are_what_the_declaration_says(
    order: Literal["big", "little"], names: list[bytes]
) -> None:
    entries = [(name, n + 4) for n, name in enumerate(names)]
    data = make_directory(9, 7, entries, order)
    assert len(data) == directory_size(names)
    seen, at = [], 0
    while at < len(data):
        entry = ENTRY_STRUCT[order].parse(data[at:])
        assert at // 512 == (at + entry.reclen - 1) // 512
        assert entry.reclen >= record_size(entry.name)
        assert data[at + 8 + entry.namlen] == 0
        seen.append((entry.name, entry.ino))
        at += entry.reclen
    assert seen == [(b".", 9), (b"..", 7), *entries]
    empty = ENTRY_STRUCT[order].parse(empty_chunk(order))
    assert (empty.ino, empty.reclen, empty.namlen) == (0, 512, 0)


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=5000)), max_size=40))
def test_gathered_writes_are_the_same_as_plain_ones(puts: list[tuple[int, bytes]]) -> None:
    """Blocks of 5000 bytes, each put at most once, in any order; zeros only into their room."""
    gathered, plain = Memory(61 * 5000), Memory(61 * 5000)
    gather = Gather(gathered)
    done = set()
    for block, data in puts:
        if block not in done:
            gather.put(block * 5000, data, 5000)
            plain.pwrite(block * 5000, data)
            done.add(block)
    gather.flush()
    assert gathered.data == plain.data


def test_gathering_makes_few_writes_and_changes_what_it_holds() -> None:
    sink = Memory(3 * WINDOW)
    gather = Gather(sink)
    for n in range(2000):
        gather.put(n * 1024, b"%4d" % n, 1024)
        gather.put(n * 1024 + 512, b"tail")
    gather.put(0, b"late")
    gather.flush()
    assert sink.writes <= 4
    assert sink.data[:4] == b"late"
    assert all(sink.data[n * 1024 + 512 :][:4] == b"tail" for n in range(2000))


@pytest.mark.parametrize("layout", [LAYOUT, STAGGERED])
def test_ordinals_cover_all_data_and_no_metadata(layout: Layout) -> None:
    places = Places(layout)
    addresses = [int(a) for a in places.addresses(0, places.blocks)]
    assert addresses == sorted(set(addresses))
    assert addresses == [places.address(n * layout.frag) for n in range(places.blocks)]
    held = {a + n for a in addresses for n in range(layout.frag)}
    for group in range(layout.ncg):
        metadata = set(range(*layout.metadata(group)))
        assert not held & metadata
    assert len(held) + places.spare == layout.dsize + layout.cssize // layout.fsize
    runs = list(places.runs(places.reserved, places.blocks - places.reserved))
    assert sum(n for _, n in runs) == places.blocks - places.reserved


@given(st.lists(st.integers(1, FRAG - 1), max_size=200))
def test_fragments_stay_in_their_block_and_never_meet(counts: list[int]) -> None:
    allocator = Allocator(Places(LAYOUT))
    taken: set[int] = set()
    for count in counts:
        first = allocator.fragments(count)
        assert first // FRAG == (first + count - 1) // FRAG
        now = set(range(first, first + count))
        assert not taken & now
        taken |= now
    free = {first + n for first, length in allocator.begun() for n in range(length)}
    assert not taken & free
    assert len(taken | free) % FRAG == 0


RUNS = st.lists(st.tuples(st.integers(0, 40_000_000), st.integers(1, 100_000)), max_size=8)


@given(RUNS, st.integers(0, 40_000_000))
def test_measure_counts_what_a_slow_count_finds(runs: list[tuple[int, int]], size: int) -> None:
    clipped = sorted((a, min(n, size - a)) for a, n in runs if a < size)
    extents = [Extent(a, n) for a, n in clipped]
    blocks = sorted({b for a, n in clipped for b in range(a // 8192, (a + n - 1) // 8192 + 1)})
    indirect = {
        ancestors((b - 12) // 2048, 2048)[: d + 1] for b in blocks if b >= 12 for d in (0, 1)
    }
    shape = measure(size, extents, LAYOUT)
    last = -(-size // 8192) - 1
    tail = -(-(size % 8192) // 1024) if last < 12 and last in blocks else 0
    tail = 0 if tail == 8 else tail
    assert shape == (len(blocks) + len(indirect) - (tail > 0), len(indirect), tail)
    found = [b for a, z in block_runs(size, extents, 8192) for b in range(a, z)]
    assert found == blocks
    cut = [b for p in pieces(iter(block_runs(size, extents, 8192)), 2048) for b in range(*p[1:])]
    assert cut == blocks


def test_ways_to_leaves() -> None:
    n = 2048
    assert ancestors(0, n) == (0,)
    assert ancestors(1, n) == (1, 0)
    assert ancestors(n, n) == (1, n - 1)
    assert ancestors(n + 1, n) == (2, 0, 0)
    assert ancestors(n + 1 + n * n - 1, n) == (2, n - 1, n - 1)


@given(st.lists(st.booleans(), max_size=100))
def test_free_runs_are_counted_as_the_slow_way_does(flags: list[bool]) -> None:
    import numpy as np

    whole, frsum, fragments = count_free(np.array(flags, dtype=np.bool_), 8)
    padded = "".join("1" if f else "0" for f in flags).ljust(-(-len(flags) // 8) * 8, "0")
    blocks = [padded[n : n + 8] for n in range(0, len(padded), 8)]
    assert list(whole) == [n for n, b in enumerate(blocks) if b == "1" * 8]
    runs = [len(r) for b in blocks if b != "1" * 8 for r in b.split("0") if r]
    assert frsum == tuple(runs.count(n) for n in range(8))
    assert fragments == sum(runs)


def test_rotational_tables_lead_through_all_blocks() -> None:
    first, distances = rotational_tables(STAGGERED)
    seen = set()
    for block in first:
        while block >= 0:
            seen.add(block)
            if not distances[block]:
                break
            block += distances[block]
    assert seen == set(range(len(distances)))
