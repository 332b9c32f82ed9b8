# SPDX-License-Identifier: Apache-2.0
"""Map files: ours read by us and by ddrescuelog, ddrescue's examples read, nonsense refused."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats.mapfile import Extent, MapFile, Phase, Status, read_map, write_map

#: In the form that the manual describes, with sizes of its own.
EXAMPLE = b"""\
# Mapfile. Created by GNU ddrescue version 1.27
# Command line: ddrescue -b2048 /dev/sr0 disc map
# current_pos  current_status  current_pass
0x00120000     ?               2
#      pos        size  status
0x00000000  0x00117000  +
0x00117000  0x00000200  -   # a scratch
  0x00117200\t0x1000  /
1147392  010000  *
0x00119200  0x00055E00  ?
"""

sizes = st.integers(1, 1 << 40)


@st.composite
def maps(draw: st.DrawFn) -> MapFile:
    at, extents = 0, []
    for size in draw(st.lists(sizes, max_size=30)):
        extents.append(Extent(at, size, draw(st.sampled_from(Status))))
        at += size
    turn = draw(st.integers(1, 99))
    return MapFile(tuple(extents), draw(sizes), draw(st.sampled_from(Phase)), turn)


def test_the_manuals_form() -> None:
    found = read_map(EXAMPLE)
    assert (found.position, found.phase, found.turn) == (0x120000, Phase.COPYING, 2)
    assert found.extents == (
        Extent(0, 0x117000, Status.GOOD),
        Extent(0x117000, 0x200, Status.BAD),
        Extent(0x117200, 0x1000, Status.UNSCRAPED),
        Extent(0x118200, 0o10000, Status.UNTRIMMED),
        Extent(0x119200, 0x55E00, Status.UNTRIED),
    )
    assert found.total(Status.BAD, Status.UNSCRAPED) == 0x1200
    assert found.end == 0x16F000


@given(maps())
def test_written_and_read(found: MapFile) -> None:
    assert read_map(write_map(found, ["Copy of #\nsomething"])) == found


def test_old_maps_have_no_pass_and_may_begin_later() -> None:
    found = read_map(b"0 +\n512 512 +\n")
    assert found.turn == 1
    assert found.extents == (Extent(0, 512, Status.UNTRIED), Extent(512, 512, Status.GOOD))


def test_nothing_is_a_map_that_knows_nothing() -> None:
    assert read_map(b"").extents == ()
    assert read_map(b"# only a comment\n\n").end == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"0x0 ! 1\n", "line 1.*phase"),
        (b"0x0 ? 1 2\n", "line 1.*status line"),
        (b"0x0 ? one\n", "status line"),
        (b"zero ? 1\n", "not a number"),
        (b"0 ? 1\n0 512 !\n", "line 2.*status"),
        (b"0 ? 1\n0 0 +\n", "no part"),
        (b"0 ? 1\n0 512\n", "line 2.*position, size"),
        (b"0 ? 1\n0 512 +\n1024 512 +\n", "line 3.*begins at byte 1024, not at 512"),
        (b"0 ? 1\n0 512 +\n0 512 +\n", "begins"),
        (b"0 ? 1\n0 0xFFFFFFFFFFFFFFFF +\n", "too large"),
        (b"0 ? 1\n0x7fffffffffffff00 0x200 +\n", "no part"),
        (b"0 ? 1\n09 512 +\n", "not a number"),
        (b"0 ? 1\n-1 512 +\n", "not a number"),
        (b"\xff\xfe\x00", "line 1"),
    ],
)
def test_what_is_no_map(text: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_map(text, "the map")


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with suppress(InputError):
        read_map(data)


@needs("ddrescuelog")
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(Status)), min_size=1, max_size=12))
def test_ddrescuelog_reads_what_we_write(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[int, Status]]
) -> None:
    at, extents = 0, []
    for sectors, status in runs:
        extents.append(Extent(at, sectors * 512, status))
        at += sectors * 512
    path = tmp_path_factory.mktemp("map") / "map"
    path.write_bytes(write_map(MapFile(tuple(extents)), ["Copy of a disc"]))
    for status in Status:
        assert listed(path, status) == _sectors(extents, status)


def _sectors(extents: list[Extent], status: Status) -> list[int]:
    own = [e for e in extents if e.status is status]
    return [at // 512 for e in own for at in range(e.offset, e.end, 512)]


def listed(path: Path, status: Status) -> list[int]:
    """The sectors of a status, as GNU ddrescuelog lists them."""
    argv = ["ddrescuelog", "-b512", f"--list-blocks={status}", path]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]
