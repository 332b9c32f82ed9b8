# SPDX-License-Identifier: Apache-2.0
"""Damaged streams: what is whole comes out, what is not is told."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest
from formats.ufsdump_damage import KINDS, Laid, damage, lay, lost, tree_to_damage, untold
from formats.ufsdump_streams import Maker, mended, positions_in
from formats.ufsdump_tools import OPTIONS, dump_of

from mkboot.errors import InputError
from mkboot.formats.ufsdump import Dump, looks_like_dump, read_dump
from mkboot.formats.ufsdump.structs import declare_header
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular
from mkboot.tree.source import BytesSource


@pytest.fixture(scope="module")
def streams() -> list[Laid]:
    return [lay(tree_to_damage(1)), lay(tree_to_damage(2), "little")]


def salvaged(stream: bytes) -> Dump:
    return read_dump(BytesSource(stream), salvage=True)


def damages(dump: Dump) -> list[str]:
    return [f"{f.place}: {f.message}" for f in dump.findings if f.code == "dump-damaged"]


def test_nothing_is_told_of_a_whole_stream(streams: list[Laid]) -> None:
    for laid in streams:
        dump = salvaged(laid.stream)
        assert lost(laid, dump) == []
        assert dump.findings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_500_damages(streams: list[Laid], kind: str) -> None:
    """Every path is equal, or told; what nobody can see is a change inside a data record."""
    seen = {"lost": 0, "told": 0}
    for seed in range(84):
        rng = random.Random(f"{kind} {seed}")
        laid = streams[seed % 2]
        broken, silent, _ = damage(laid, rng, kind)
        began = time.monotonic()
        dump = salvaged(broken)
        assert untold(laid, dump, silent) == [], (kind, seed)
        assert time.monotonic() - began < 5
        seen["lost"] += len(lost(laid, dump))
        seen["told"] += bool(damages(dump))
    assert seen["lost"]
    assert seen["told"] > 70 or kind in ("flip", "zero")


def test_one_bad_header_loses_one_inode(streams: list[Laid]) -> None:
    """Every header in turn: no file but its own is lost, and its name is told."""
    laid = streams[0]
    tried = 0
    for at, record in positions_in(laid.stream):
        header = declare_header("big").parse(record)
        if header.c_type not in (2, 4) or header.c_inumber not in laid.paths or at % 2:
            continue
        if int.from_bytes(header.c_dinode[:2], "big") & 0o170000 == 0o040000:
            continue
        broken = bytearray(laid.stream)
        broken[at * 1024 + 300] ^= 0x10
        dump = salvaged(bytes(broken))
        gone = lost(laid, dump)
        assert set(gone) <= set(laid.paths[header.c_inumber]), at
        assert gone, at
        assert untold(laid, dump, set()) == []
        assert damages(dump)[0].startswith(f"byte {at * 1024}: record")
        tried += 1
    assert tried > 25


def test_a_lost_directory_leaves_its_files_in_lost_found() -> None:
    b = TreeBuilder(directory(), resolution=1000)
    deep = b.add(b.add(0, b"d", directory()), b"e", directory())
    b.add(deep, b"inside", regular(BytesContent(b"kept")))
    stream = dump_of(b.build())
    heads = [(at, declare_header("big").parse(r).c_inumber) for at, r in positions_in(stream)]
    broken = bytearray(stream)
    broken[next(at for at, ino in heads[3:] if ino == 3) * 1024] ^= 1
    dump = salvaged(bytes(broken))
    node = dump.tree.node_at(b"lost+found/#4/inside")
    assert node is not None
    assert node.content.read(0, 9) == b"kept"
    told = damages(dump)
    assert any(line.startswith("/d: lost") for line in told)
    assert any("/lost+found" in line for line in told)


def test_the_first_record_may_be_lost(streams: list[Laid]) -> None:
    for laid in streams:
        broken = bytes(1024) + laid.stream[1024:]
        assert looks_like_dump(BytesSource(broken))
        dump = salvaged(broken)
        assert lost(laid, dump) == []
        assert dump.header.date == OPTIONS.date
        assert dump.header.filesystem == b"/"
        assert "record 0: damaged or missing" in damages(dump)[0]


def test_nothing_at_all_is_still_an_error() -> None:
    for stream in (b"", bytes(5000), b"\0\0\xea\x6c" * 5000):
        with pytest.raises(InputError, match=r"not a ufsdump stream|checksum is wrong"):
            salvaged(stream)


def test_a_dump_in_a_dump_is_not_mistaken_for_headers() -> None:
    """With the very dates of the dump that it lies in, behind a header that is damaged."""
    inner = TreeBuilder(directory())
    for n in range(20):
        inner.add(0, b"inner %d" % n, regular(BytesContent(b"i" * 3000)))
    b = TreeBuilder(directory(), resolution=1000)
    for n in range(200):
        b.add(0, b"a%d" % n, regular(BytesContent(b"before")))
    b.add(0, b"b dump", regular(BytesContent(dump_of(inner.build()))))
    b.add(0, b"c", regular(BytesContent(b"behind")))
    tree = b.build()
    laid = lay(tree)
    ino = next(ino for ino, paths in laid.paths.items() if paths == [b"/b dump"])
    at = next(
        at for at, r in positions_in(laid.stream)
        if declare_header("big").parse(r).c_inumber == ino
    )  # fmt: skip
    broken = bytearray(laid.stream)
    broken[at * 1024 + 5] ^= 1
    dump = salvaged(bytes(broken))
    assert lost(laid, dump) == [b"/b dump"]
    assert untold(laid, dump, set()) == []


def test_doubled_records_lose_nothing(streams: list[Laid]) -> None:
    laid = streams[0]
    for at in range(140, 700, 7):
        data = bytearray(laid.stream)
        data[at * 1024 : at * 1024] = data[at * 1024 : (at + 3) * 1024]
        dump = salvaged(bytes(data))
        assert untold(laid, dump, set()) == []
        assert len(lost(laid, dump)) <= 1


def test_a_file_that_shrank_is_told_and_the_rest_comes_out() -> None:
    m = Maker()
    m.directory(2, (b"shrank", 3), (b"whole", 4))
    m.inode(3, 0o100644, b"x" * 1024, size=5000)
    m.inode(4, 0o100644, b"whole")
    m.header(5)
    dump = salvaged(bytes(m.data))
    assert [p for p, _, _ in dump.tree.walk()] == [b"/", b"/whole"]
    assert damages(dump) == [
        "/shrank: lost: only 1024 of its 5000 bytes are surely there",
        ": lost with their names: inodes 5, 6, 7, 8",  # which the maker's map promises
    ]


def test_a_file_dumped_again_counts_the_second_time() -> None:
    m = Maker()
    m.directory(2, (b"f", 3))
    m.inode(3, 0o100644, b"old")
    m.inode(3, 0o100600, b"newer", c_flags=4)
    tree = m.end()
    assert tree.node_at(b"f").content.read(0, 9) == b"newer"
    assert tree.node_at(b"f").mode == 0o600


def test_sums_made_right_over_damage_never_surprise(streams: list[Laid]) -> None:
    small = TreeBuilder(directory(), resolution=1000)
    for n in range(12):
        small.add(0, b"f%d" % n, regular(BytesContent(b"%d" % n * 900)))
    stream = dump_of(small.build(), replace(OPTIONS, blocking=1))
    for seed in range(200):
        rng = random.Random(seed)
        broken = bytearray(stream)
        for _ in range(3):
            broken[rng.randrange(135 * 1024, len(broken))] ^= rng.randint(1, 255)
        try:
            dump = salvaged(mended(bytes(broken)))
        except InputError:
            continue
        for node in dump.tree.nodes:
            assert sum(len(c) for c in node.content.chunks()) == node.content.size


def test_zeros_that_reach_over_a_header_spoil_the_file_before_it() -> None:
    """Whether the data before the zeroed header is whole nobody knows: so it is told."""
    b = TreeBuilder(directory(), resolution=1000)
    for name in (b"a", b"b", b"c"):
        b.add(0, name, regular(BytesContent(name * 5000)))
    laid = lay(b.build())
    first = next(n for n, ino in enumerate(laid.owners) if laid.paths.get(ino) == [b"/a"])
    broken = bytearray(laid.stream)
    broken[(first + 3) * 1024 : (first + 8) * 1024] = bytes(5 * 1024)
    dump = salvaged(bytes(broken))
    assert lost(laid, dump) == [b"/a", b"/b"]
    assert untold(laid, dump, set()) == []


def test_a_header_among_the_data_in_its_very_place_is_data() -> None:
    """A file that holds what could stand there as a header; the header behind it is damaged."""
    m = Maker()
    m.directory(2, (b"f", 3), (b"g", 4), (b"h", 5))
    forged = Maker()
    forged.data[:] = bytes(len(m.data) + 1024)  # behind the header of f
    forged.inode(6, 0o100644, b"")
    data = bytes(forged.data[-1024:]) + b"rest of f" * 300
    m.inode(3, 0o100644, data)
    at = len(m.data)
    m.inode(4, 0o100644, b"g")
    m.inode(5, 0o100644, b"h")
    m.header(5)
    assert read_dump(BytesSource(bytes(m.data))).tree.node_at(b"g") is not None
    m.data[at + 300] ^= 1
    tree = salvaged(bytes(m.data)).tree
    assert tree.node_at(b"f").content.read(0, 9999) == data
    assert tree.node_at(b"g") is None
    assert tree.node_at(b"h").content.read(0, 9) == b"h"
    assert tree.find(b"lost+found") is None
