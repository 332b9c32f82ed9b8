# SPDX-License-Identifier: Apache-2.0
"""Sun labels as values: round trips, limits, damage."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_samples import DISK, SLICES, disk, sealed

from mkboot.errors import BugError, InputError
from mkboot.formats.label import (
    DISC_GEOMETRY,
    SECTOR,
    TAG_ROOT,
    TAG_SWAP,
    SliceEntry,
    backup_label_sectors,
    disc_label,
    edit_label,
    label_xor,
    looks_like_label,
    make_label,
    parse_label_leniently,
    read_label,
    write_label,
)
from mkboot.formats.label.structs import DiskLabel
from mkboot.model.values import Geometry

words = st.integers(0, 0xFFFF)
longs = st.integers(0, 0xFFFFFFFF)
geometries = st.builds(
    Geometry,
    nhead=st.integers(1, 0xFFFF),
    nsect=st.integers(1, 0xFFFF),
    ncyl=st.integers(1, 0xFFFF),
    acyl=st.integers(0, 2),
    pcyl=st.integers(1, 0xFFFF),
    rpm=st.integers(1, 0xFFFF),
    apc=words,
    interleave=words,
)
texts = st.binary(max_size=128).filter(lambda b: b"\0" not in b)
volumes = st.binary(max_size=8).filter(lambda b: b"\0" not in b)
maps = st.dictionaries(st.integers(0, 7), st.tuples(longs, longs, words, words)).map(
    lambda d: tuple(SliceEntry(n, *values) for n, values in sorted(d.items()))
)


def test_the_declaration_covers_the_sector() -> None:
    assert DiskLabel.sizeof() == SECTOR


def test_offsets_of_every_field() -> None:
    """The table of formats, byte by byte, not by our own declaration."""
    raw = disk().raw
    assert raw[:37] == b"SEAGATE-ST1 cyl 40 alt 2 hd 16 sec 63"
    assert raw[37:128] == bytes(91)
    assert raw[128:142] == b"\0\0\0\1rootdisk\0\x08"
    assert raw[142:150] == bytes.fromhex("0002 0000 0003 0001")
    assert raw[174:188] == bytes(14)
    assert raw[188:192] == bytes.fromhex("600ddeee")
    assert raw[192:420] == bytes(228)
    assert raw[420:444] == bytes.fromhex(
        "1c20 002a 0000 0000 0000 0001 0028 0002 0010 003f 0000 0000"
    )
    assert raw[444:460] == bytes.fromhex("00000000 00002760 0000000a 000007e0")
    assert raw[508:510] == b"\xda\xbe"
    assert label_xor(raw) == 0


def test_a_label_is_read_as_it_was_made() -> None:
    label = read_label(disk().raw)
    assert label == disk()
    assert label.geometry == DISK
    assert label.volume == b"rootdisk"
    assert label.used == SLICES
    assert [s.number for s in label.slices] == list(range(8))
    assert label.start(1) == 10080
    assert label.entry(7).sectors == 28224


@settings(deadline=None, max_examples=60)
@given(geometries, maps, texts, volumes)
def test_made_read_and_written(geometry: Geometry, slices, text: bytes, volume: bytes) -> None:
    label = make_label(geometry, slices, ascii=text, volume=volume)
    again = read_label(write_label(label))
    assert again == label
    assert again.geometry == geometry
    assert (again.ascii, again.volume) == (text, volume)
    assert {s.number: s for s in again.slices} | {s.number: s for s in slices} == {
        s.number: s for s in again.slices
    }


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=508, max_size=508))
def test_every_byte_is_kept(body: bytes) -> None:
    raw = sealed(body + b"\xda\xbe\0\0")
    assert write_label(parse_label_leniently(raw)) == raw


def test_an_edit_changes_nothing_else() -> None:
    noise = bytearray(random.Random(7).randbytes(512))
    noise[128:132], noise[140:142], noise[188:192] = b"\0\0\0\1", b"\0\x08", b"\x60\x0d\xde\xee"
    noise[508:510] = b"\xda\xbe"
    label = parse_label_leniently(sealed(noise))
    edited = edit_label(label, slices=[SliceEntry(3, 77, 640, TAG_ROOT, 0x10)])
    changed = {i for i in range(510) if edited.raw[i] != label.raw[i]}
    assert changed <= {*range(154, 158), *range(468, 476)}
    assert edited.entry(3) == SliceEntry(3, 77, 640, TAG_ROOT, 0x10)
    assert label_xor(edited.raw) == 0
    assert edit_label(label).raw == label.raw
    renamed = edit_label(label, ascii=b"new", volume=b"vol")
    assert (renamed.ascii, renamed.volume) == (b"new", b"vol")
    assert renamed.slices == label.slices
    smaller = edit_label(label, geometry=DISK)
    assert smaller.geometry == DISK
    assert {i for i in range(510) if smaller.raw[i] != label.raw[i]} <= set(range(420, 440))


def test_every_flipped_bit_is_refused() -> None:
    raw = disk().raw
    for bit in range(SECTOR * 8):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InputError):
            read_label(bytes(damaged))


@pytest.mark.parametrize("length", [0, 1, 510, 511])
def test_a_short_sector_is_refused(length: int) -> None:
    assert not looks_like_label(disk().raw[:length])
    with pytest.raises(InputError, match="disk: sector 0: a label has 512 bytes"):
        read_label(disk().raw[:length], place=("disk", "sector 0"))


@pytest.mark.parametrize("at", [432, 436, 438])
def test_a_geometry_without_capacity_is_refused(at: int) -> None:
    raw = bytearray(disk().raw)
    raw[at : at + 2] = b"\0\0"
    assert looks_like_label(sealed(raw))
    with pytest.raises(InputError, match="geometry"):
        read_label(sealed(raw))
    parse_label_leniently(sealed(raw))


def test_lenient_reading_mends_the_checksum_only() -> None:
    raw = disk().raw[:510] + b"\0\0"
    label = parse_label_leniently(raw)
    assert label.raw == raw
    assert write_label(label) == disk().raw


def test_a_label_without_vtoc() -> None:
    raw = bytearray(disk().raw)
    raw[128:420] = bytes(292)
    label = read_label(sealed(raw))
    assert not label.has_vtoc
    assert label.volume == b""
    assert {(s.tag, s.flag) for s in label.slices} == {(0, 0)}
    assert label.start(1) == 10080
    moved = edit_label(label, slices=[SliceEntry(1, 11, 1008)], volume=b"")
    assert moved.raw[128:420] == bytes(292)
    with pytest.raises(InputError, match="no VTOC"):
        edit_label(label, slices=[SliceEntry(1, 11, 1008, TAG_SWAP)])
    with pytest.raises(InputError, match="no VTOC"):
        edit_label(label, volume=b"x")


def test_a_change_behind_its_back_is_a_bug() -> None:
    with pytest.raises(BugError):
        write_label(replace(disk(), volume=b"other"))


def test_defaults_of_a_new_label() -> None:
    label = make_label(Geometry(16, 63, 40, 2), SLICES)
    assert (label.geometry.pcyl, label.geometry.rpm) == (42, 3600)
    assert label.ascii == b"mkboot cyl 40 alt 2 hd 16 sec 63"


def test_a_disc() -> None:
    label = disc_label([SliceEntry(0, 0, 6400, 4, 0x10)], b"CD")
    assert label.geometry == DISC_GEOMETRY == Geometry(1, 640, 2048, 0, 2048, 350)
    assert disc_label([], b"CD", 3000).geometry.pcyl == 3000


@pytest.mark.parametrize(
    ("slices", "said"),
    [
        ([SliceEntry(8, 0, 1)], "slices 0 to 7"),
        ([SliceEntry(-1, 0, 1)], "slices 0 to 7"),
        ([SliceEntry(1, 0, 1), SliceEntry(1, 0, 2)], "each once"),
        ([SliceEntry(1, 1 << 32, 1)], "slice 1: start"),
        ([SliceEntry(1, 0, -1)], "slice 1: length"),
        ([SliceEntry(1, 0, 1, 0x10000)], "slice 1: tag"),
        ([SliceEntry(1, 0, 1, 0, 0x10000)], "slice 1: flag"),
    ],
)
def test_slices_that_a_label_cannot_hold(slices, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_label(DISK, slices)


@pytest.mark.parametrize(
    "change",
    [{"nhead": 0}, {"nsect": 0x10000}, {"ncyl": 0x10000}, {"rpm": 0x10000}, {"apc": -1}],
)
def test_geometries_that_a_label_cannot_hold(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="geometry"):
        make_label(replace(DISK, **change), SLICES)


@pytest.mark.parametrize("text", [b"x" * 129, b"a\0b"])
def test_texts_that_a_label_cannot_hold(text: bytes) -> None:
    with pytest.raises(InputError, match="128 bytes"):
        make_label(DISK, SLICES, ascii=text)
    with pytest.raises(InputError, match="8 bytes"):
        make_label(DISK, SLICES, volume=text[:9] if len(text) > 9 else text)


def test_where_copies_of_the_label_belong() -> None:
    last = 41 * 1008 + 15 * 63
    assert backup_label_sectors(DISK) == tuple(last + s for s in (1, 3, 5, 7, 9))
    assert backup_label_sectors(replace(DISK, acyl=0)) == ()
    assert backup_label_sectors(replace(DISK, nsect=6)) == tuple(
        41 * 96 + 15 * 6 + s for s in (1, 3, 5)
    )
    assert backup_label_sectors(replace(DISK, apc=8))[0] == 41 * 1000 + 15 * 63 + 1
