# SPDX-License-Identifier: Apache-2.0
"""Dumps on several volumes, cut as ufsdump cuts them (its headers from the declarations)."""

from __future__ import annotations

import gzip
import random
import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from formats.ufsdump_damage import lay, lost, tree_to_damage, untold
from formats.ufsdump_streams import positions_in
from formats.ufsdump_tools import OPTIONS, assert_same, dump_of, run_restore, trees
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats.ufsdump import read_dump
from mkboot.formats.ufsdump.structs import declare_header
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import directory, regular
from mkboot.tree.source import BytesSource


def with_sum(record: bytes, order: str) -> bytes:
    mark = ">" if order == "big" else "<"
    record = record[:28] + bytes(4) + record[32:]
    missing = (84446 - sum(struct.unpack(mark + "256I", record))) % 2**32
    return record[:28] + missing.to_bytes(4, order) + record[32:]


def cut(
    stream: bytes, cuts: list[int], *, order: str = "big", counts: bool = True,
    firstrec: str = "records", overlap: int = 0,
) -> list[bytes]:  # fmt: skip
    """``stream`` on volumes that begin with the records ``cuts`` of it.

    ``counts``: the new headers have numbers of their own, as Sun's and BSD's dump count.
    ``overlap``: so many records before each cut stand on both volumes.
    """
    declared = declare_header(order)
    heads = [(at, declared.parse(record)) for at, record in positions_in(stream, order)]
    volumes = []
    limits = [0, *cuts, len(stream) // 1024]
    for volume, (start, end) in enumerate(pairwise(limits), 1):
        out = bytearray()
        shift = (volume - 1) * counts
        if volume > 1:
            at, current = max((h for h in heads if h[0] <= start - 1), key=lambda h: h[0])
            here = current.c_addr[: current.c_count]
            gone, skip = start - at - 1, 0
            while gone and skip < len(here):
                gone -= here[skip] != 0
                skip += 1
            rest = here[skip:] if current.c_type != 5 else b""
            first = {"records": start + shift - 1, "sun": start // 32 + 1, "none": 0}[firstrec]
            tape = dict(
                heads[0][1], c_volume=volume, c_flags=1, c_inumber=current.c_inumber,
                c_tapea=start + shift - counts, c_count=len(rest), c_addr=rest.ljust(512, b"\0"),
                c_firstrec=first,
            )  # fmt: skip
            out += with_sum(declared.build(tape), order)
        records = [stream[n * 1024 : n * 1024 + 1024] for n in range(start, end)]
        for at, header in heads:
            if start <= at < end:
                moved = dict(header, c_tapea=header.c_tapea + shift, c_volume=volume)
                records[at - start] = with_sum(declared.build(moved), order)
        tail = b""
        if volume < len(cuts) + 1:  # what was written to the tape and is written again
            tail = stream[end * 1024 : (end + overlap) * 1024]
        volumes.append(bytes(out) + b"".join(records) + tail)
    return volumes


def sources(volumes: list[bytes]) -> list[BytesSource]:
    return [BytesSource(v) for v in volumes]


def same(tree: FileTree, volumes: list[bytes], **how: bool) -> None:
    dump = read_dump(sources(volumes), **how)
    assert list(Comparison(tree, dump.tree).differences()) == []
    assert not [f for f in dump.findings if f.code == "dump-damaged"]


def cuts_of(stream: bytes, rng: random.Random, many: int) -> list[int]:
    return sorted(rng.sample(range(2, len(stream) // 1024), many))


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("counts", [True, False])
def test_any_cuts_are_read(order: str, counts: bool) -> None:
    tree = tree_to_damage(5)
    stream = dump_of(tree, replace(OPTIONS, byte_order=order))
    for seed in range(25):
        rng = random.Random(seed)
        cuts = cuts_of(stream, rng, rng.randint(1, 5))
        firstrec = rng.choice(("records", "sun", "none"))
        overlap = rng.choice((0, 0, 1, 40))
        volumes = cut(stream, cuts, order=order, counts=counts, firstrec=firstrec, overlap=overlap)
        same(tree, volumes)
        same(tree, volumes, salvage=True)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees(), st.integers(0, 10**6))
def test_any_tree_on_volumes(tree: FileTree, seed: int) -> None:
    stream = dump_of(tree, replace(OPTIONS, blocking=1))
    same(tree, cut(stream, cuts_of(stream, random.Random(seed), 3)))


def restorable() -> FileTree:
    rng = random.Random(8)
    b = TreeBuilder(directory(mtime=10**18), resolution=1000)
    for n in range(60):
        size = rng.choice((0, 1, 3000, 40_000, 150_000))
        b.add(0, b"f%d" % n, regular(BytesContent(rng.randbytes(size)), mtime=10**18))
    return b.build()


@needs("restore")
@pytest.mark.parametrize("seed", range(6))
def test_restore_reads_the_volumes_that_we_cut(seed: int, tmp_path: Path) -> None:
    """So what is cut here is what others cut."""
    tree = restorable()
    stream = dump_of(tree)
    rng = random.Random(seed)
    # On whole tape blocks, as a tape ends; restore finds its block size by the first read.
    cuts = [n * 32 for n in sorted(rng.sample(range(5, len(stream) // 32768), 3))]
    volumes = cut(stream, cuts)
    for number, volume in enumerate(volumes, 1):
        (tmp_path / f"volume{number:03}").write_bytes(volume)
    target, scratch = tmp_path / "target", tmp_path / "scratch"
    target.mkdir()
    scratch.mkdir()
    run_restore(target, scratch, tmp_path / "volume", "-M", "-b", "1")
    (target / "restoresymtable").unlink()
    assert_same(tree, target)
    same(tree, volumes)


def test_volumes_that_are_wrong_are_told() -> None:
    tree = tree_to_damage(6)
    stream = dump_of(tree)
    volumes = cut(stream, [300, 500])
    other = cut(dump_of(tree, replace(OPTIONS, date=5)), [300])
    for given_, match in (
        ([volumes[0], volumes[2]], "volume 2: volume 3 stands in its place"),
        ([volumes[0], volumes[2], volumes[1]], "volume 2: volume 3 stands in its place"),
        ([volumes[1], volumes[2]], "volume 1: volume 2 stands in its place"),
        ([volumes[0], volumes[0]], "volume 2: volume 1 stands in its place"),
        ([volumes[0], other[1]], "volume 2: is of another dump"),
        ([volumes[0][:-2048], *volumes[1:]], "volume 1: records 298 to 299 are missing"),
        ([volumes[0], b"x" * 5000], "volume 2: not a ufsdump stream"),
        ([volumes[0], volumes[1]], "cut off"),
    ):
        with pytest.raises(InputError, match=match):
            read_dump(sources(given_))


def test_what_volumes_are_left_is_salvaged() -> None:
    tree = tree_to_damage(6)
    laid = lay(tree)
    volumes = cut(laid.stream, [300, 700, 900])
    for gone in range(1, 4):
        left = [v for n, v in enumerate(volumes) if n != gone]
        dump = read_dump(sources(left), salvage=True)
        told = [f"{f.place}: {f.message}" for f in dump.findings]
        if gone < 3:
            assert f": volume {gone + 1} is missing" in told
        assert untold(laid, dump, set()) == []
        assert len(lost(laid, dump)) < 60
    mixed = [volumes[0], volumes[2], volumes[1], volumes[3]]
    dump = read_dump(sources(mixed), salvage=True)
    assert lost(laid, dump) == []
    assert any("out of order" in f.message for f in dump.findings)


@pytest.mark.parametrize("seed", range(40))
def test_damage_on_volumes(seed: int) -> None:
    tree = tree_to_damage(7)
    laid = lay(tree)
    rng = random.Random(seed)
    volumes = cut(laid.stream, cuts_of(laid.stream, rng, 3))
    hit = rng.randrange(4)
    data = bytearray(volumes[hit])
    at = rng.randrange(len(data) // 1024) * 1024
    if seed % 2:
        del data[at : at + rng.randint(1, 4) * 1024]
    else:
        data[at : at + 1024] = rng.randbytes(1024)
    volumes[hit] = bytes(data)
    dump = read_dump(sources(volumes), salvage=True)
    silent = set(laid.paths) if seed % 2 == 0 else set()
    assert untold(laid, dump, silent) == []


def test_volumes_that_linux_wrote() -> None:
    """Debian's dump -B 150 of five files on an ext2.  Its directories are BSD's, which are
    not ours to read: so the files come out without names.
    """
    volumes = [gzip.decompress(p.read_bytes()) for p in sorted(SAMPLES.glob("linux-vol*.gz"))]
    assert len(volumes) == 4
    for way in (volumes, [volumes[n] for n in (0, 2, 1, 3)]):
        dump = read_dump(sources(way), salvage=True)
        for n in range(1, 6):
            node = dump.tree.node_at(b"lost+found/#%d" % (n + 11))
            assert node is not None
            line = b"this is file %d\n" % n
            assert node.content.read(0, 200_000) == (line * 7000)[:100_000]
        assert not [f for f in dump.findings if "byte" in f.place]
        assert set(range(12, 17)) < set(dump.dumped)
    dump = read_dump(sources([volumes[0], *volumes[2:]]), salvage=True)
    assert any("volume 2 is missing" in f.message for f in dump.findings)
    left = {p for p, _, node in dump.tree.walk() if node.size}
    assert b"/lost+found/#12" in left
    assert b"/lost+found/#14" not in left
