# SPDX-License-Identifier: Apache-2.0
"""The declarations against real bytes, against offsets written down twice, and the fast paths."""

from __future__ import annotations

import dataclasses
import struct

import pytest
from formats.ufs_images import INODE, MKFS, WORDS, Image, mkfs_image
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats.inode import DINODE_STRUCT
from mkboot.formats.ufs import open_ufs
from mkboot.formats.ufs.entries import parse_directory
from mkboot.formats.ufs.geometry import lay_out
from mkboot.formats.ufs.groups import (
    group_data,
    group_header,
    group_inodes,
    group_start,
    group_superblock,
    inode_fragment,
)
from mkboot.formats.ufs.structs import (
    BYTE_ORDERS,
    ENTRY_STRUCT,
    GROUP_MAGIC,
    GROUP_STRUCT,
    STATE_OK,
    SUMMARY_STRUCT,
    SUPERBLOCK_STRUCT,
    ByteOrder,
    GroupHeader,
    Superblock,
    build_group,
    build_superblock,
    parse_group,
    parse_superblock,
)
from mkboot.tree.source import BytesSource


@pytest.mark.parametrize("name", MKFS)
def test_superblock_of_a_real_mkfs(name: str) -> None:
    data, told = mkfs_image(name), MKFS[name]
    order: ByteOrder = told["byte_order"]
    raw = data[8192:16384]
    sb = parse_superblock(raw, order)
    assert build_superblock(sb, order) == raw
    assert {key: getattr(sb, key) for key in told["superblock"]} == told["superblock"]
    assert (sb.state + sb.time) & 0xFFFFFFFF == STATE_OK
    assert (sb.npsect, sb.qbmask, sb.qfmask) == (sb.nsect, sb.bsize - 1, sb.fsize - 1)


@pytest.mark.parametrize("name", MKFS)
def test_groups_of_a_real_mkfs(name: str) -> None:
    data = mkfs_image(name)
    volume = open_ufs(BytesSource(data))
    sb, order = volume.superblock, volume.byte_order
    assert order == MKFS[name]["byte_order"]
    totals = [0, 0, 0, 0]
    for group in range(sb.ncg):
        copy = group_superblock(sb, group) * sb.fsize
        assert data[copy : copy + 8192] == data[8192:16384]
        at = group_header(sb, group) * sb.fsize
        header = parse_group(data[at : at + 168], order)
        assert build_group(header, order) == data[at : at + 168]
        assert (header.magic, header.cgx, header.niblk) == (GROUP_MAGIC, group, sb.ipg)
        assert header.btotoff == 168
        summary = sb.csaddr * sb.fsize + 16 * group
        entry = SUMMARY_STRUCT[order].parse(data[summary : summary + 16])
        own = [header.ndir, header.nbfree, header.nifree, header.nffree]
        assert own == [entry.ndir, entry.nbfree, entry.nifree, entry.nffree]
        totals = [a + b for a, b in zip(totals, own, strict=True)]
    assert totals == [sb.ndir, sb.nbfree, sb.nifree, sb.nffree]


@pytest.mark.parametrize("name", MKFS)
def test_addresses_agree_with_the_layout_that_the_arguments_give(name: str) -> None:
    volume = open_ufs(BytesSource(mkfs_image(name)))
    sb, layout = volume.superblock, lay_out(volume.parameters)
    for group in range(sb.ncg):
        start = layout.start(group)
        assert group_start(sb, group) == start
        assert group_inodes(sb, group) == start + layout.iblkno
        assert group_data(sb, group) == start + layout.dblkno
    image = Image(mkfs_image("nt1-640"))
    sb = parse_superblock(bytes(image.data[8192:16384]), "big")
    for ino in (2, 7, 8, sb.ipg - 1, sb.ipg, 2 * sb.ipg + 5):
        fragment, rest = inode_fragment(sb, ino)
        assert fragment * sb.fsize + rest == image.inode(ino)


def test_sizes_and_names() -> None:
    for order in BYTE_ORDERS:
        assert SUPERBLOCK_STRUCT[order].sizeof() == 8192
        assert GROUP_STRUCT[order].sizeof() == 168
        assert SUMMARY_STRUCT[order].sizeof() == 16
        names = [c.name for c in SUPERBLOCK_STRUCT[order].subcons]
        assert sorted(names) == sorted(f.name for f in dataclasses.fields(Superblock))
        assert [c.name for c in GROUP_STRUCT[order].subcons] == [
            f.name for f in dataclasses.fields(GroupHeader)
        ]


def test_every_word_lies_where_the_header_file_has_it() -> None:
    for name, field in WORDS.items():
        raw = bytearray(8192)
        struct.pack_into(">i", raw, field.at, 0x01020304)
        assert getattr(parse_superblock(bytes(raw), "big"), name) == 0x01020304, name
    raw = bytearray(8192)
    raw[208:212] = b"\1\2\3\4"
    raw[132:136], raw[1336:1340] = b"\0\0\0\5", b"\0\0\0\6"
    big = parse_superblock(bytes(raw), "big")
    assert (big.fmod, big.clean, big.ronly, big.flags) == (1, 2, 3, 4)
    assert (big.npsect, big.state) == (5, 6)


def test_the_two_words_that_swap() -> None:
    raw = bytearray(8192)
    struct.pack_into("<i", raw, 132, -2)
    struct.pack_into("<i", raw, 1336, 63)
    little = parse_superblock(bytes(raw), "little")
    assert (little.state, little.npsect) == (0xFFFFFFFE, 63)
    assert build_superblock(little, "little") == bytes(raw)


def test_every_number_of_an_inode_lies_where_the_header_file_has_it() -> None:
    for name, field in INODE.items():
        raw = bytearray(128)
        struct.pack_into(">" + field.code, raw, field.at, 77)
        parsed = DINODE_STRUCT["big"].parse(bytes(raw))
        value = parsed[name[:2]][int(name[2:])] if name[:2] in ("db", "ib") else parsed[name]
        assert value == 77, name


names = st.binary(min_size=1, max_size=255).filter(
    lambda n: b"/" not in n and b"\0" not in n and n not in (b".", b"..")
)


def chunks(order: ByteOrder, entries: list[tuple[bytes, int]]) -> bytes:
    """Directory chunks by the declaration, entries as tight as they can be."""
    out, room = bytearray(), 0
    last = 0
    for name, ino in entries:
        need = 8 + (len(name) + 4) // 4 * 4
        if need > room:
            grow(out, last, room, order)
            room = 512
        entry = {"ino": ino, "reclen": need, "namlen": len(name), "name": name}
        last = len(out)
        out += ENTRY_STRUCT[order].build(entry)
        room -= need
    grow(out, last, room, order)
    return bytes(out)


def grow(out: bytearray, last: int, room: int, order: ByteOrder) -> None:
    """Let the last entry reach the end of its chunk."""
    length = int.from_bytes(out[last + 4 : last + 6], order) + room
    if out:
        out[last + 4 : last + 6] = length.to_bytes(2, order)
        out += bytes(room)


@given(st.dictionaries(names, st.integers(1, 2**32 - 1), max_size=60), st.sampled_from(BYTE_ORDERS))
def test_entries_equal_the_declaration(wanted: dict[bytes, int], order: ByteOrder) -> None:
    data = chunks(order, [(b".", 5), (b"..", 2), *wanted.items()])
    assert parse_directory(data, order, 5, 2) == wanted
    at, found = 0, {}
    while at < len(data):
        entry = ENTRY_STRUCT[order].parse(data[at:])
        found[entry.name] = entry.ino
        at += entry.reclen
    assert found == {b".": 5, b"..": 2, **wanted}


@given(st.binary(min_size=512, max_size=512) | st.binary(min_size=1024, max_size=1024))
def test_noise_in_a_directory_is_refused_or_read(data: bytes) -> None:
    try:
        parse_directory(data, "big", 5, 2)
    except InputError:
        return


@given(st.data())
def test_a_changed_byte_in_a_directory_is_refused_or_read(data: st.DataObject) -> None:
    whole = bytearray(chunks("big", [(b".", 5), (b"..", 2), (b"one", 3), (b"x" * 255, 4)]))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        names = parse_directory(bytes(whole), "big", 5, 2)
    except InputError:
        return
    assert all(0 < len(n) <= 255 and b"/" not in n and b"\0" not in n for n in names)
