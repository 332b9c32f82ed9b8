# SPDX-License-Identifier: Apache-2.0
"""Compressed files of boot archives, made here after the description of fiocompress."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from command import mkboot
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats.dcfs import ByteOrder, UnpackedContent, header, plain_files
from mkboot.formats.ufs import parameters_for, read_ufs, write_ufs
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular
from mkboot.tree.source import FileSink, FileSource

ORDERS: tuple[ByteOrder, ...] = ("big", "little")


def pack(data: bytes, order: ByteOrder, block: int = 8192) -> bytes:
    """fiocompress: header, one offset a block and one slot to spare, zlib streams."""
    mark = ">" if order == "big" else "<"
    streams = [zlib.compress(data[at : at + block], 9) for at in range(0, len(data), block)]
    at = 48 + 8 * len(streams)
    offsets = []
    for stream in streams:
        offsets.append(at)
        at += len(stream)
    words = (0x5A636D70, 1, 1, len(data), block, *offsets, 0)
    return struct.pack(f"{mark}{len(words)}Q", *words) + b"".join(streams)


DATA = random.Random(1).randbytes(20_000) + b"compressible " * 4000


@pytest.mark.parametrize("order", ORDERS)
@given(start=st.integers(0, len(DATA) + 5), length=st.integers(0, 40_000))
def test_any_piece_of_it(order: ByteOrder, start: int, length: int) -> None:
    content = UnpackedContent(BytesContent(pack(DATA, order)), order)
    assert content.size == len(DATA)
    assert content.read(start, length) == DATA[start : start + length]


@pytest.mark.parametrize("order", ORDERS)
def test_the_declaration_and_the_fast_path_agree(order: ByteOrder) -> None:
    packed = pack(DATA, order)
    parsed = header(order).parse(packed)
    assert (parsed.size, parsed.block_size) == (len(DATA), 8192)
    assert header(order).build({"version": 1, **parsed}) == packed[:40]


def test_small_ones() -> None:
    for data in (b"", b"x", b"x" * 8192, b"x" * 8193):
        content = UnpackedContent(BytesContent(pack(data, "big")), "big")
        assert content.read(0, 10**6) == data
        assert sum(e.length for e in content.extents()) == len(data)


def test_damage_is_told_or_harmless() -> None:
    packed, rng = pack(DATA, "big"), random.Random(2)
    for _ in range(400):
        spoiled = bytearray(packed)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(spoiled) if rng.random() < 0.5 else 100)
            spoiled[at] ^= 1 << rng.randrange(8)
        if rng.random() < 0.2:
            del spoiled[rng.randrange(len(spoiled)) :]
        try:
            content = UnpackedContent(BytesContent(bytes(spoiled)), "big")
            assert content.size < 1 << 28
            content.read(0, min(content.size, 10**6))
        except InputError:
            pass


@pytest.mark.parametrize("order", ORDERS)
def test_files_in_a_file_system(order: ByteOrder, tmp_path: Path) -> None:
    flagged = bytearray(128)
    flagged[0:2] = 0o100644.to_bytes(2, order)
    flagged[100:104] = (4).to_bytes(4, order)
    builder = TreeBuilder(directory())
    for name, data in ((b"packed", pack(DATA, order)), (b"broken", b"no header " * 9)):
        node = replace(regular(BytesContent(data)), dinode=bytes(flagged))
        builder.add(0, name, node)
    builder.add(0, b"plain", regular(BytesContent(pack(DATA, order))))
    tree = builder.build()
    parameters = parameters_for(tree)
    image = tmp_path / "image"
    with image.open("xb") as file:
        file.truncate(parameters.size * 512)
        sink = FileSink(file.fileno(), 0, parameters.size * 512)
        write_ufs(tree, sink, parameters, time=1, generation=1, byte_order=order)
    assert mkboot("cat", f"{image}", "/packed").raw == DATA
    assert mkboot("cat", f"{image}", "/plain").raw == pack(DATA, order)
    assert "no such header" in mkboot("cat", f"{image}", "/broken", status=3).err
    assert "broken" in mkboot("ls", f"{image}").out
    with FileSource(image) as source:
        raw = read_ufs(source)
        again = plain_files(raw, order)
        assert raw.node_at(b"/packed").size != again.node_at(b"/packed").size
        assert plain_files(again, order) is again
