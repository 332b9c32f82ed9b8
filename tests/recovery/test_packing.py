# SPDX-License-Identifier: Apache-2.0
"""Segments compressed: gzip and uncompress give back what was captured, and so do we."""

from __future__ import annotations

import gzip
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import CallerError, InputError
from mkboot.formats.checksum import digest_source
from mkboot.model.manifest import Segment
from mkboot.model.packing import Packing
from mkboot.model.system import Dump
from mkboot.recovery.packing import Stored, check_packing, pack_stream, stored_sizes
from mkboot.recovery.streams import StreamSource, unpack
from mkboot.tree.content import BytesContent
from mkboot.tree.source import BytesSource

UNIT = 65536
TEXT = b"".join(b"line %d of a log that repeats itself\n" % n for n in range(9000))
NOISE = random.Random(7).randbytes(UNIT)
STREAM = (TEXT[: 2 * UNIT] + NOISE + TEXT[UNIT : UNIT + 30_000])[: 3 * UNIT + 30_000]
BOTH = [
    pytest.param(Packing.COMPRESS, marks=needs("compress", "uncompress")),
    pytest.param(Packing.GZIP, marks=needs("gzip")),
]


def dump_of(stream: bytes) -> Dump:
    sizes = range(0, len(stream), UNIT)
    sums = tuple(digest_source(BytesSource(stream[at : at + UNIT])) for at in sizes)
    return Dump(0, "c0t0d0s0.0.dump", len(stream), 1, 0, 1, 3, 2, UNIT, sums)


def pack(stream: bytes, packing: Packing, folder: Path) -> tuple[Stored, ...]:
    folder.mkdir()
    return pack_stream(BytesSource(stream), dump_of(stream), packing, folder)


def laid_out(stored: tuple[Stored, ...]) -> list[tuple[Segment, BytesContent]]:
    pieces, offset = [], 0
    for number, each in enumerate(stored, 1):
        data = each.source.pread(0, each.source.size)
        name = f"/mkboot/seg/c0t0d0s0.0.{number:03d}{each.packing.suffix}"
        segment = Segment(name, 1, offset, each.size, each.checksums, each.packing)
        pieces.append((segment, BytesContent(data)))
        offset += each.size
    return pieces


@pytest.mark.parametrize("packing", BOTH)
def test_other_programs_undo_each_segment(packing: Packing, tmp_path: Path) -> None:
    stored = pack(STREAM, packing, tmp_path / "spool")
    program = {Packing.COMPRESS: "uncompress", Packing.GZIP: "gzip"}[packing]
    assert [s.packing for s in stored] == [packing, packing, Packing.NONE, packing]
    for number, each in enumerate(stored):
        data = each.source.pread(0, each.source.size)
        assert digest_source(BytesSource(data)) == each.checksums
        wanted = STREAM[number * UNIT : (number + 1) * UNIT]
        if each.packing is not Packing.NONE:
            out = subprocess.run([program, "-dc"], input=data, capture_output=True, check=True)
            assert (out.stdout, out.stderr) == (wanted, b"")
            assert len(data) < len(wanted)
        else:
            assert data == wanted
    assert sum(stored_sizes(stored)) < len(STREAM)


@pytest.mark.parametrize("packing", BOTH)
def test_the_same_bytes_each_time(packing: Packing, tmp_path: Path) -> None:
    once = pack(STREAM, packing, tmp_path / "one")
    again = pack(STREAM, packing, tmp_path / "two")
    assert [s.checksums for s in once] == [s.checksums for s in again]


@pytest.mark.parametrize("packing", BOTH)
def test_a_stream_is_read_at_any_place(packing: Packing, tmp_path: Path) -> None:
    source = StreamSource(laid_out(pack(STREAM, packing, tmp_path / "spool")))
    rng = random.Random(packing.value)
    assert source.size == len(STREAM)
    for _ in range(60):
        offset, length = rng.randrange(len(STREAM) + 10), rng.randrange(150_000)
        assert source.pread(offset, length) == STREAM[offset : offset + length]


@pytest.mark.parametrize("packing", BOTH)
def test_damage_is_told(packing: Packing, tmp_path: Path) -> None:
    segment, content = laid_out(pack(STREAM, packing, tmp_path / "spool"))[0]
    for data in (b"", content.data[:-700], b"no compressed file at all", content.data[:3]):
        with pytest.raises(InputError, match=r"volume 1: /mkboot/seg/c0t0d0s0.0.001"):
            unpack(segment, BytesContent(data), bytearray().extend)


@pytest.mark.parametrize("packing", BOTH)
def test_never_more_than_the_manifest_says(packing: Packing, tmp_path: Path) -> None:
    """A bomb: what it holds beyond that is never taken."""
    segment, content = laid_out(pack(bytes(UNIT), packing, tmp_path / "spool"))[0]
    out = bytearray()
    with pytest.raises(InputError, match="holds more than 1000 bytes"):
        unpack(replace(segment, size=1000), content, out.extend)
    assert len(out) <= 1000
    with pytest.raises(InputError, match="holds fewer than"):
        unpack(replace(segment, size=UNIT + 1), content, out.extend)


def test_a_capture_that_has_changed_is_not_compressed(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    changed = BytesSource(STREAM.replace(b"log", b"lag"))
    with pytest.raises(InputError, match="not what was captured"):
        pack_stream(changed, dump_of(STREAM), Packing.GZIP, tmp_path / "spool")


@given(st.binary(max_size=3 * UNIT // 2).map(lambda b: b * 2 or b"\0"))
def test_gzip_round_trip(data: bytes) -> None:
    """Without files: what zlib packs, Python's gzip and our reader undo alike."""
    packed = gzip.compress(data, mtime=0)
    sums = digest_source(BytesSource(packed))
    out = bytearray()
    segment = Segment("/mkboot/seg/c0t0d0s0.0.001.gz", 1, 0, len(data), sums, Packing.GZIP)
    unpack(segment, BytesContent(packed), out.extend)
    assert out == data


def test_a_release_that_cannot_undo_it_is_refused() -> None:
    for release in ("2.6", "7"):
        with pytest.raises(CallerError, match=f"Solaris {release} has no gzip"):
            check_packing(Packing.GZIP, "8", release)
        check_packing(Packing.COMPRESS, release)
    check_packing(Packing.GZIP, "8", "10", "")
