# SPDX-License-Identifier: Apache-2.0
"""Streams that a real ufsdump wrote, and our own, read back."""

from __future__ import annotations

import hashlib
import json
import random
import time
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from formats.ufsdump_streams import (
    headers_in,
    real,
    swapped,
)
from formats.ufsdump_tools import OPTIONS, assert_same, differences, dump_of, restore, sparse, trees
from hypothesis import given, settings

from mkboot.errors import InputError
from mkboot.formats.ufsdump import looks_like_dump, read_dump, write_dump
from mkboot.formats.ufsdump.header import parse_header
from mkboot.formats.ufsdump.structs import declare_header
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import NodeType, directory, regular
from mkboot.tree.source import BytesSource, FileSource


def test_a_real_stream_is_read_exactly() -> None:
    dump = read_dump(BytesSource(real()))
    expected = {e["path"]: e for e in json.loads((SAMPLES / "small.json").read_text())}
    found = {}
    for path, number, node in dump.tree.walk():
        found[show(path).replace("\\x09", "\t")] = entry = {
            "path": show(path).replace("\\x09", "\t"),
            "type": node.type.value,
            "uid": node.uid,
            "gid": node.gid,
            "nlink": dump.tree.nlink(number),
        }
        if node.type is NodeType.SYMLINK:
            entry["target"] = node.target.decode()
            continue
        entry["mode"] = f"0o{node.mode:o}"
        entry["mtime"] = node.mtime // 10**9
        if node.type is NodeType.FILE:
            entry["size"] = node.size
            entry["sha256"] = hashlib.sha256(node.content.read(0, node.size)).hexdigest()
        if node.device is not None:
            entry["rdev"] = list(node.device)
    found.pop("/")
    assert found == expected
    assert len(found) == 16


def test_the_header_of_a_real_stream() -> None:
    dump = read_dump(BytesSource(real()))
    h = dump.header
    assert (h.date, h.base_date, h.level, h.volume, h.first_record) == (1795556351, 0, 0, 1, 1)
    assert (h.label, h.filesystem) == (b"none", b"an unlisted file system")
    assert (h.device, h.host, h.byte_order) == (b"a.ufs", b"mkboot", "big")
    assert dump.records == 416
    assert list(dump.dumped) == list(range(2, 18))
    assert list(dump.in_use) == list(range(1, 18))
    assert len(dump.dumped) == 16
    assert 1 not in dump.dumped and 18 not in dump.dumped and 10**9 not in dump.dumped
    assert dump.findings == ()


def test_content_is_a_reference() -> None:
    data = bytearray(real())
    node = read_dump(_Live(data)).tree.node_at(b"/etc/passwd")
    before = node.content.read(0, 5)
    data[166 * 1024 : 166 * 1024 + 5] = b"HELLO"
    assert before != node.content.read(0, 5) == b"HELLO"


class _Live:
    """A source whose bytes may change."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self.size = len(data)

    def pread(self, offset: int, length: int) -> bytes:
        return bytes(self._data[offset : offset + length])


@pytest.mark.parametrize("extra", [b"", bytes(10240), b"tape padding" * 999])
def test_what_follows_the_end_does_not_matter(extra: bytes) -> None:
    dump = read_dump(BytesSource(real() + extra))
    assert dump.records == 416
    one_end = real()[: 386 * 1024]
    assert read_dump(BytesSource(one_end + extra)).records == 386


def test_looks_like_dump() -> None:
    assert looks_like_dump(BytesSource(real()))
    assert looks_like_dump(BytesSource(swapped(real())))
    assert not looks_like_dump(BytesSource(real()[:1000]))
    assert not looks_like_dump(BytesSource(bytes(4096)))
    with pytest.raises(InputError, match="disk: not a ufsdump stream"):
        read_dump(BytesSource(bytes(4096)), place=("disk",))


@settings(max_examples=80, deadline=None)
@given(trees())
def test_what_is_written_is_read(tree: FileTree) -> None:
    dump = read_dump(BytesSource(dump_of(tree)))
    assert differences(tree, dump.tree) == []
    assert dump.findings == ()
    again = dump_of(dump.tree)
    assert again == dump_of(read_dump(BytesSource(again)).tree)


def test_holes_stay_holes() -> None:
    content = sparse(1_000_000, (8192 * 20, b"x" * 8192), (8192 * 90, b"y"))
    b = TreeBuilder(directory())
    b.add(0, b"f", regular(content))
    stream = dump_of(b.build())
    assert len(stream) < 300_000
    read = read_dump(BytesSource(stream)).tree.node_at(b"f").content
    assert [tuple(e) for e in read.extents()] == [(8192 * 20, 8192), (8192 * 90, 8192)]
    assert read.read(0, 1_000_000) == content.read(0, 1_000_000)


def test_many_runs_are_read_at_any_offset() -> None:
    rng = random.Random(5)
    pieces = [(n * 16384, rng.randbytes(8192)) for n in range(100)]
    content = sparse(100 * 16384, *pieces)
    b = TreeBuilder(directory())
    b.add(0, b"f", regular(content))
    read = read_dump(BytesSource(dump_of(b.build()))).tree.node_at(b"f").content
    assert len(list(read.extents())) == 100
    for _ in range(300):
        at, n = rng.randrange(content.size + 5), rng.randrange(40_000)
        assert read.read(at, n) == content.read(at, n)


@needs("restore")
def test_little_endian_streams_are_read(tmp_path: Path) -> None:
    stream = swapped(dump_of(_plain_tree()))
    dump = read_dump(BytesSource(stream))
    assert dump.header.byte_order == "little"
    assert differences(_plain_tree(), dump.tree) == []
    assert assert_same(_plain_tree(), restore(stream, tmp_path)) == 4
    # and what was little-endian is written big-endian, the old dinode or not
    assert differences(_plain_tree(), read_dump(BytesSource(dump_of(dump.tree))).tree) == []


def _plain_tree() -> FileTree:
    b = TreeBuilder(directory(mtime=10**18), resolution=1000)
    etc = b.add(0, b"etc", directory(0o700, 5, 6, 10**18))
    b.add(etc, b"file", regular(BytesContent(b"\1\2\3" * 60_000), 0o600, 1, 2, 10**18))
    b.add(etc, b"none", regular(BytesContent(b""), 0o600, 1, 2, 10**18))
    return b.build()


def test_a_sparse_file_of_5_gib(tmp_path: Path) -> None:
    size = 5 * 2**30 + 12_345
    content = sparse(size, (0, b"first"), (2**32 - 3, b"across"), (size - 4, b"last"))
    b = TreeBuilder(directory())
    b.add(0, b"big", regular(content))
    began = time.monotonic()
    with (tmp_path / "dump").open("wb") as out:
        summary = write_dump(b.build(), out.write, OPTIONS)
    assert summary.bytes < 12 * 2**20
    with FileSource(tmp_path / "dump") as source:
        read = read_dump(source).tree.node_at(b"big").content
        assert read.size == size
        assert read.read(2**32 - 10, 20) == bytes(7) + b"across" + bytes(7)
        assert read.read(size - 5, 100) == b"\0last"
        assert sum(e.length for e in read.extents()) < 2**16
    assert time.monotonic() - began < 20


def test_the_quick_parser_equals_the_declaration() -> None:
    names = {
        "type": "c_type", "date": "c_date", "base_date": "c_ddate", "volume": "c_volume",
        "tapea": "c_tapea", "ino": "c_inumber", "magic": "c_magic", "dinode": "c_dinode",
        "announced": "c_count", "addr": "c_addr", "label": "c_label", "level": "c_level",
        "filesystem": "c_filesys", "device": "c_dev", "host": "c_host", "flags": "c_flags",
        "first_record": "c_firstrec", "record_size": "c_tpbsize",
    }  # fmt: skip
    for order, stream in (("big", real()), ("little", swapped(real()))):
        for record in headers_in(stream, order):
            quick = parse_header(record, order, ())
            declared = declare_header(order).parse(record)
            assert {n: getattr(quick, n) for n in names} == {
                n: declared[c] for n, c in names.items()
            }
            assert quick.shadow == record[692:888]
