# SPDX-License-Identifier: Apache-2.0
"""Segments and volumes: nothing lost, nothing twice, nothing too large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import CallerError, InputError
from mkboot.model.job import SEGMENT_UNIT
from mkboot.recovery.strategies import choose
from mkboot.recovery.volumes import (
    Capacity,
    StreamSize,
    pad,
    place_segments,
    segment_size,
)

MB = 1 << 20


@given(
    st.lists(st.integers(0, 40 * MB), min_size=1, max_size=6),
    st.integers(0, 30 * MB),
    st.integers(4 * MB, 30 * MB),
    st.integers(1, 64),
)
def test_every_byte_has_one_place(sizes: list[int], first: int, other: int, units: int) -> None:
    segment = min(units * SEGMENT_UNIT, other // 2048 * 2048)
    segment -= segment % SEGMENT_UNIT
    streams = [StreamSize(f"c0t0d0s{n}", b"", 0, size, segment) for n, size in enumerate(sizes)]
    placed = place_segments(streams, Capacity(first, other))
    for stream in streams:
        mine = [p for p in placed if p.slice == stream.slice]
        at = 0
        for index, piece in enumerate(mine):
            assert (piece.index, piece.offset) == (index, at)
            at += piece.size
        assert at == stream.size
        assert all(p.size == segment for p in mine[:-1])
    assert [p.volume for p in placed] == sorted(p.volume for p in placed)
    for volume in {p.volume for p in placed}:
        room = first if volume == 1 else other
        assert sum(pad(p.size) for p in placed if p.volume == volume) <= room


def test_a_segment_larger_than_a_volume_is_refused() -> None:
    stream = StreamSize("c0t0d0s0", b"/", 0, 10 * MB, 10 * MB)
    with pytest.raises(InputError, match="does not fit a volume"):
        place_segments([stream], Capacity(0, 5 * MB))


def test_segment_size_is_whole_units() -> None:
    assert segment_size(681_676_800) == 32 * MB
    assert segment_size(40_000_000) % SEGMENT_UNIT == 0
    assert segment_size(1000) == SEGMENT_UNIT


def stream(mount: bytes, size: int) -> StreamSize:
    return StreamSize("c0t0d0s" + str(len(mount)), mount, 0, size, MB)


def test_auto_takes_one_disc_where_it_can() -> None:
    placing = choose("auto", [stream(b"/home", MB), stream(b"/", MB)], Capacity(4 * MB, 9 * MB))
    assert placing.strategy == "single"
    assert [s.mount for s in placing.order] == [b"/", b"/home"]
    assert placing.volumes == 1


def test_auto_takes_root_first_where_the_system_fits_volume_1() -> None:
    streams = [stream(b"/home", 9 * MB), stream(b"/var", MB), stream(b"/usr", MB), stream(b"/", MB)]
    placing = choose("auto", streams, Capacity(4 * MB, 9 * MB))
    assert placing.strategy == "root-first"
    assert [s.mount for s in placing.order] == [b"/", b"/usr", b"/var", b"/home"]


def test_where_none_fits_it_is_said_what_would() -> None:
    streams = [stream(b"/", 9 * MB)]
    with pytest.raises(CallerError) as caught:
        choose("auto", streams, Capacity(4 * MB, 9 * MB))
    assert "two-drive" in (caught.value.hint or "")
    assert choose("two-drive", streams, Capacity(4 * MB, 9 * MB)).volumes == 2
    with pytest.raises(CallerError, match="single does not fit"):
        choose("single", streams, Capacity(4 * MB, 9 * MB))
