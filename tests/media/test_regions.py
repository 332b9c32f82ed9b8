# SPDX-License-Identifier: Apache-2.0
"""The composer refuses what is claimed twice or by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import BugError, InputError
from mkboot.media.regions import Region, check_regions, compose, copy_source, padding, put_bytes
from mkboot.tree.source import ByteSink, BytesSource, Window

LENGTHS = st.lists(st.integers(1, 5000), min_size=1, max_size=12)


def regions_of(lengths: list[int]) -> list[Region]:
    at, made = 0, []
    for number, length in enumerate(lengths):
        made.append(Region(f"r{number}", at, length, put_bytes(bytes([number + 1]) * length)))
        at += length
    return made


@given(LENGTHS, st.randoms())
def test_a_partition_is_accepted_in_any_order(lengths, random) -> None:
    regions = regions_of(lengths)
    random.shuffle(regions)
    assert check_regions(regions) == sum(lengths)


@given(LENGTHS, st.data())
def test_one_byte_more_overlaps(lengths, data) -> None:
    regions = regions_of(lengths)
    number = data.draw(st.integers(0, len(regions) - 1))
    one = regions[number]
    if number == 0 and len(regions) == 1:
        regions.append(Region("again", 0, 1))
    elif number == len(regions) - 1:
        regions[number] = Region(one.owner, one.offset - 1, one.length + 1)
    else:
        regions[number] = Region(one.owner, one.offset, one.length + 1)
    with pytest.raises(BugError, match="belongs to"):
        check_regions(regions)


@given(LENGTHS.filter(lambda lengths: len(lengths) > 1), st.data())
def test_one_byte_less_belongs_to_nobody(lengths, data) -> None:
    regions = regions_of(lengths)
    number = data.draw(st.integers(0, len(regions) - 2))
    one = regions[number]
    regions[number] = Region(one.owner, one.offset, one.length - 1)
    with pytest.raises(BugError, match=r"belong to nobody|claims 0 bytes"):
        check_regions(regions)


@given(LENGTHS)
def test_a_gap_at_the_front_belongs_to_nobody(lengths) -> None:
    moved = [Region(r.owner, r.offset + 1, r.length) for r in regions_of(lengths)]
    with pytest.raises(BugError, match="bytes 0 to 1 belong to nobody"):
        check_regions(moved)


def test_the_file_holds_every_region(tmp_path: Path) -> None:
    regions = [*regions_of([3, 1000, 70]), Region("end", 1073, 27, padding)]
    assert compose(tmp_path / "out", regions) == 1100
    assert (tmp_path / "out").read_bytes() == (b"\1" * 3 + b"\2" * 1000 + b"\3" * 70 + bytes(27))


def test_nothing_is_written_when_regions_clash(tmp_path: Path) -> None:
    def boom(sink: ByteSink) -> None:
        raise AssertionError("written")

    with pytest.raises(BugError):
        compose(tmp_path / "out", [Region("a", 0, 10, boom), Region("b", 9, 10, boom)])
    assert not (tmp_path / "out").exists()


def test_a_region_cannot_write_outside_itself(tmp_path: Path) -> None:
    regions = [Region("a", 0, 4, put_bytes(b"12345")), Region("b", 4, 4)]
    with pytest.raises(ValueError, match="outside"):
        compose(tmp_path / "out", regions)


def test_copying_keeps_every_byte_and_notices_a_short_source(tmp_path: Path) -> None:
    data = bytes(1 << 20) + b"middle" + bytes(3 << 20) + b"end"
    told: list[int] = []
    regions = [Region("copy", 0, len(data), copy_source(BytesSource(data), told.append))]
    compose(tmp_path / "out", regions)
    assert (tmp_path / "out").read_bytes() == data
    assert sum(told) == len(data)

    class Short:
        size = 100

        def pread(self, offset: int, length: int) -> bytes:
            return Window(BytesSource(bytes(60)), 0, 60).pread(offset, length)

    with pytest.raises(InputError, match="byte 60 of 100"):
        compose(tmp_path / "out", [Region("short", 0, 100, copy_source(Short()))])
