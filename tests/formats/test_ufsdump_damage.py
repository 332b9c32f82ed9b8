# SPDX-License-Identifier: Apache-2.0
"""Streams put together by hand, wrong ones, damaged ones."""

from __future__ import annotations

import random
import resource
import struct
import time
from collections.abc import Callable

import pytest
from formats.ufsdump_streams import (
    Maker,
    mended,
    positions_in,
    real,
    swapped,
    with_acls,
    with_attributes,
)
from formats.ufsdump_tools import dump_of

from mkboot.errors import InputError
from mkboot.formats.ufsdump import read_dump
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import BytesSource


def refused(make: Callable[[Maker], object], match: str) -> None:
    maker = Maker()
    make(maker)
    with pytest.raises(InputError, match=match) as caught:
        maker.end()
    assert caught.value.place[0] == "slice 3"


def test_the_maker_makes_what_is_read() -> None:
    m = Maker()
    m.directory(2, (b"f", 3), (b"d", 4))
    m.directory(4)
    m.inode(3, 0o100644, b"hello" * 500)
    tree = m.end()
    assert sorted(path for path, _, _ in tree.walk()) == [b"/", b"/d", b"/f"]
    assert tree.node_at(b"f").content.read(0, 9999) == b"hello" * 500


def test_a_shadow_behind_an_empty_file_may_be_an_inode_record() -> None:
    m = Maker()
    m.directory(2, (b"f", 3), (b"g", 4))
    m.inode(3, 0o100644)
    acl = struct.pack(">II", 1, 8 + 12 * 3) + b"".join(
        struct.pack(">HxxHxxI", tag, 5, 0) for tag in (1, 4, 0x20)
    )
    m.inode(3, 0o130000, acl)
    m.inode(4, 0o100644, b"next")
    tree = m.end()
    assert [e.tag for e in tree.node_at(b"f").acl] == [1, 4, 0x20]
    assert tree.node_at(b"g").content.read(0, 9) == b"next"


def test_an_incremental_dump_is_a_partial_tree() -> None:
    m = Maker()
    m.data[:] = b""
    m.header(1, c_ddate=4, c_level=5)
    for kind, bits in ((6, b"\xff"), (3, b"\x16")):  # in use 1-8, dumped 2, 3, 5
        m.header(kind, 2, 1, c_ddate=4)
        m.data += bits.ljust(1024, b"\0")
    m.directory(2, (b"old", 6), (b"d", 3), c_ddate=4)
    m.directory(3, (b"new", 5), (b"also old", 7), c_ddate=4)
    m.inode(5, 0o100644, b"new", c_ddate=4)
    m.header(5, c_ddate=4)
    dump = read_dump(BytesSource(bytes(m.data)))
    assert [path for path, _, _ in dump.tree.walk()] == [b"/", b"/d", b"/d/new"]
    assert dump.header.level == 5
    assert [f.code for f in dump.findings] == ["dump-incremental"]
    assert 6 in dump.in_use
    assert 6 not in dump.dumped


def test_an_empty_incremental_dump() -> None:
    m = Maker()
    m.data[:] = b""
    for kind in (1, 6, 5):
        m.header(kind, count=kind == 6, c_ddate=4, c_level=1)
        m.data += bytes(1024) if kind == 6 else b""
    dump = read_dump(BytesSource(bytes(m.data)))
    assert len(dump.tree.nodes) == 1


def test_names_that_lead_nowhere_and_inodes_without_a_name_are_told() -> None:
    m = Maker()
    m.directory(2, (b"gone", 100))
    m.inode(3, 0o100644, b"x")
    dump = m.dump()
    assert {f.code for f in dump.findings} == {"dump-absent", "dump-nameless"}
    assert len(dump.tree.nodes) == 1


def _many(*calls: tuple[str, tuple, dict]) -> Callable[[Maker], None]:
    def run(maker: Maker) -> None:
        for name, positional, named in calls:
            getattr(maker, name)(*positional, **named)

    return run


ROOT_WITH_F = ("directory", (2, (b"f", 3)), {})


@pytest.mark.parametrize(
    ("calls", "match"),
    [
        ([("directory", (2, (b"f", 3)), {})], r"record 5: inode 2: 'f', inode 3, is missing"),
        ([("inode", (3, 0o100644), {})], "the root directory is not in the dump"),
        ([("inode", (2, 0o100644), {})], "record 5: inode 2: the root is no directory"),
        ([("directory", (2, (b"d", 2)), {})], "'d' leads to inode 2 again"),
        (
            [("directory", (2, (b"d", 3)), {}), ("directory", (3, (b"e", 4)), {}),
             ("directory", (4, (b"f", 3)), {})],
            "record 9: inode 4: 'f' leads to inode 3 again",
        ),
        ([("directory", (2, (b"a/b", 3)), {}), ("inode", (3, 0o100644), {})], "not a file name"),
        (
            [("directory", (2, (b"f", 3), (b"f", 4)), {}), ("inode", (3, 0o100644), {}),
             ("inode", (4, 0o100644), {})],
            "two entries are called 'f'",
        ),
        ([ROOT_WITH_F, ("inode", (3, 0o170000), {})], "record 7: inode 3: .*unknown type"),
        ([ROOT_WITH_F, ("inode", (3, 0o130000), {})], "inode 3: .*unknown type"),
        ([ROOT_WITH_F, ("directory", (3,), {"mode": 0o160755})], "unknown type"),
        ([ROOT_WITH_F, ("inode", (3, 0o100644), {}), ("inode", (3, 0o100644), {})],
         "record 8: inode 3 comes a second time"),
        ([ROOT_WITH_F, ("inode", (3, 0o100644, b"x"), {"size": 1025})],
         "inode 3: has 1025 bytes, but the stream only 1024"),
        ([ROOT_WITH_F, ("inode", (3, 0o100644, b"x"), {"size": 1 << 62})], "inode 3: has"),
        ([ROOT_WITH_F, ("inode", (3, 0o120777, b"x\0y"), {})], "NUL byte"),
        ([ROOT_WITH_F, ("inode", (3, 0o120777, b"x" * 9000), {})], "link of 9000 bytes"),
        ([ROOT_WITH_F, ("inode", (1, 0o100644), {})], "no such inode number"),
        ([ROOT_WITH_F, ("inode", (-3, 0o100644), {})], "no such inode number"),
        ([ROOT_WITH_F, ("header", (2, 3, 513), {})], "record 7: announces 513 records"),
        ([ROOT_WITH_F, ("header", (2, 3, -1), {})], "announces -1 records"),
        ([ROOT_WITH_F, ("header", (4, 3), {})], "goes on with inode 3 inside inode 2"),
        ([("header", (4, 3), {})], r"record 5: TS_ADDR \(inode 3\) out of place"),
        ([("header", (1,), {"c_volume": 2})], "record 5: TS_TAPE .* out of place"),
        ([("header", (7,), {})], "record 5: TS_EOM"),
        ([("header", (9,), {})], "record 5: a header of unknown type 9"),
        ([("header", (6, 2, 0), {})], "a second TS_CLRI map"),
        ([("header", (2, 2), {"c_tapea": 99})],
         "record 5: this is record 99 of the dump, 5 should stand here"),
        ([("header", (2, 2), {"c_date": 8})], "record 5: a header of another dump"),
        ([("header", (2, 2), {"c_magic": 60011})], "before 4.2BSD"),
        ([("header", (2, 2), {"c_magic": 60013, "c_tpbsize": 8192})], "records of 8192 bytes"),
        ([("inode", (2, 0o040755, bytes(511)), {})], "a directory of 511 bytes"),
        ([("inode", (2, 0o040755, bytes(512)), {})], "inode 2: byte 0: a directory entry of 0"),
        ([("inode", (2, 0o040755, b"\0\0\0\2\2\4\0\1.".ljust(512, b"\0")), {})], "entry of 516"),
        ([("inode", (2, 0o040755, b"\0\0\0\2\2\0\2\0.".ljust(512, b"\0")), {})], "has 512 bytes"),
        ([("inode", (2, 0o040755, b"\0\0\0\2\2\0\0\0".ljust(512, b"\0")), {})], "has 0 bytes"),
        ([("inode", (2, 0o040755, b"\0\0\0\2\1\0\0\1.".ljust(512, b"\0")), {})], "of 0 bytes"),
        ([ROOT_WITH_F, ("inode", (3, 0o100644), {"oeft": 4})], "attribute directory 4: is missing"),
        ([ROOT_WITH_F, ("inode", (3, 0o100644), {"oeft": 2})], "is no attribute directory"),
        ([ROOT_WITH_F, ("directory", (4, (b"a", 2)), {"mode": 0o160755}),
          ("inode", (3, 0o100644), {"oeft": 4})], "'a' is no regular file"),
        ([("directory", (2, (b"f", 3), (b"g", 5)), {}),
          ("directory", (4,), {"mode": 0o160755}), ("inode", (3, 0o100644), {"oeft": 4}),
          ("inode", (5, 0o100644), {"oeft": 4})], "belongs to two files"),
    ],
)  # fmt: skip
def test_what_is_refused(calls: list, match: str) -> None:
    refused(_many(*calls), match)


def test_a_directory_that_is_one_great_hole_is_refused_at_once() -> None:
    m = Maker()
    size = 600 * 512 * 1024
    dinode = struct.pack(">HhHHQ", 0o040755, 2, 0, 0, size)
    for n in range(600):
        m.header(4 if n else 2, 2, 512, dinode=dinode, addr=bytes(512))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="a directory entry of 0 bytes"):
        m.end()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_first_records_that_are_refused() -> None:
    for fields, match in (
        ({"c_volume": 2}, "volume 2 of a dump on several volumes"),
        ({"c_type": 5}, "begins with TS_END"),
        ({"c_magic": 60011}, "before 4.2BSD"),
    ):
        m = Maker()
        m.data[:] = b""
        m.header(1, **fields)
        with pytest.raises(InputError, match=f"record 0: .*{match}"):
            read_dump(BytesSource(bytes(m.data)))


@pytest.mark.parametrize("records", [0, 1, 2, 66, 131, 132, 140, 200, 353, 384, 385])
def test_a_stream_that_is_cut_off_is_told(records: int) -> None:
    for more in (0, 500):
        with pytest.raises(InputError, match=r"cut off|not a ufsdump stream") as caught:
            read_dump(BytesSource(real()[: records * 1024 + more]))
        if records:
            assert f"ends after {records * 1024 + more} bytes" in str(caught.value)


def test_every_damaged_header_is_noticed() -> None:
    stream = real()
    rng = random.Random(7)
    heads = [at for at, _ in positions_in(stream) if at < 385]
    for at in heads:
        for _ in range(4):
            broken = bytearray(stream)
            broken[at * 1024 + rng.randrange(1024)] ^= 1 << rng.randrange(8)
            with pytest.raises(InputError):
                read_dump(BytesSource(bytes(broken)))


def damaged(stream: bytes, rng: random.Random) -> bytes:
    broken = bytearray(stream)
    for _ in range(rng.randint(1, 4)):
        at, kind = rng.randrange(len(broken)), rng.randrange(6)
        if kind < 3:
            broken[at] ^= rng.randint(1, 255)
        elif kind == 3:
            del broken[at:]
        elif kind == 4:
            del broken[at - at % 1024 : at - at % 1024 + 1024 * rng.randint(1, 9)]
        else:
            broken[at : at + rng.randint(1, 64)] = rng.randbytes(rng.randint(1, 64))
        if not broken:
            break
    return bytes(broken)


def read_all(tree: FileTree) -> None:
    for node in tree.nodes:
        for _ in node.content.chunks():
            pass


@pytest.mark.parametrize("mend", [False, True])
def test_damage_never_surprises(mend: bool) -> None:
    small = dump_of(with_acls()), dump_of(with_attributes()), real(), swapped(real())
    rng = random.Random(20261130)
    outcomes = {"tree": 0, "refused": 0}
    for n in range(300):
        broken = damaged(small[n % 4], rng)
        began = time.monotonic()
        try:
            read_all(read_dump(BytesSource(mended(broken) if mend else broken)).tree)
            outcomes["tree"] += 1
        except InputError as e:
            assert e.message
            outcomes["refused"] += 1
        assert time.monotonic() - began < 5
    assert outcomes["refused"] > 50
    assert outcomes["tree"] > 5


def test_damaged_inodes_never_surprise() -> None:
    """Only what lies in headers and directories, sums mended."""
    stream = dump_of(with_attributes())
    heads = [at for at, _ in positions_in(stream)]
    rng = random.Random(3)
    for _ in range(400):
        broken = bytearray(stream)
        at = rng.choice(heads) * 1024 + rng.choice((rng.randrange(164), rng.randrange(2048)))
        broken[min(at, len(broken) - 1)] ^= rng.randint(1, 255)
        try:
            read_all(read_dump(BytesSource(mended(bytes(broken)))).tree)
        except InputError:
            continue
