# SPDX-License-Identifier: Apache-2.0
"""Streams that a real ufsdump wrote, that are put together by hand, and that are damaged."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import resource
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from formats.ufsdump_tools import OPTIONS, assert_same, dump_of, restore, sparse, trees
from hypothesis import given, settings

from mkboot.errors import InputError
from mkboot.formats.ufsdump import looks_like_dump, read_dump, write_dump
from mkboot.formats.ufsdump.header import parse_header
from mkboot.formats.ufsdump.structs import declare_entry, declare_header
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import AclEntry, Attribute, Node, NodeType, directory, regular
from mkboot.tree.source import BytesSource, FileSource


def real() -> bytes:
    return gzip.decompress((SAMPLES / "small.dump.gz").read_bytes())


def differences(left: FileTree, right: FileTree) -> list[object]:
    return list(Comparison(left, right).differences())


# --- what a real ufsdump wrote


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


# --- what we wrote


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


def swapped(stream: bytes) -> bytes:
    """A big-endian stream as a little-endian machine would have written it (no devices)."""
    big, little = declare_header("big"), declare_header("little")
    out, at = bytearray(), 0
    while at < len(stream):
        header = big.parse(stream[at : at + 1024])
        dinode = struct.unpack(">HhHHQ6i12i3iIiIIIII", header.c_dinode)
        header.c_dinode = struct.pack("<HhHHQ6i12i3iIiIIIII", *dinode)
        header.c_checksum = 0
        record = little.build(header)
        missing = (84446 - sum(struct.unpack("<256I", record))) % 2**32
        out += record[:28] + missing.to_bytes(4, "little") + record[32:]
        at += 1024
        here = header.c_addr[: header.c_count]
        length = 0 if header.c_type in (1, 5) else (len(here) - here.count(0)) * 1024
        data = stream[at : at + length]
        if header.c_type == 2 and dinode[0] & 0o170000 == 0o040000:
            data = _swapped_directory(data[: dinode[4]]).ljust(length, b"\0")
        out += data
        at += length
    return bytes(out)


def _swapped_directory(data: bytes) -> bytes:
    out, at = bytearray(data), 0
    while at < len(data):
        head = declare_entry("big").parse(data[at:])
        out[at : at + 8] = declare_entry("little").build(head)
        at += head.d_reclen
    return bytes(out)


# --- ACLs and attributes


def acl_of(count: int, default: bool = False) -> tuple[AclEntry, ...]:
    top = 0x1000 if default else 0
    users = tuple(AclEntry(top | 2, 1000 + n, 5) for n in range(count - 4))
    mask = AclEntry(top | 0x10, 0, 7)
    return (
        AclEntry(top | 1, 0, 7), *users, AclEntry(top | 4, 0, 5), mask, AclEntry(top | 0x20, 0, 4)
    )  # fmt: skip


def _with_acls() -> FileTree:
    b = TreeBuilder(directory(0o755, mtime=10**18), resolution=1000)
    for name, count in ((b"a5", 5), (b"b15", 15), (b"c16", 16), (b"d90", 90)):
        file = regular(BytesContent(name * 50_000), 0o644, 0, 0, 10**18)
        b.add(0, name, replace(file, acl=acl_of(count)))
    b.add(0, b"e empty", replace(regular(BytesContent(b""), mtime=10**18), acl=acl_of(20)))
    both = replace(directory(0o750, 3, 4, 10**18), acl=acl_of(5), default_acl=acl_of(6, True))
    at = b.add(0, b"f dir", both)
    b.add(at, b"child", regular(BytesContent(b"child"), mtime=10**18))
    long = replace(directory(0o750, 3, 4, 10**18), acl=acl_of(9), default_acl=acl_of(60, True))
    b.add(0, b"g dir", long)
    b.add(0, b"h fifo", Node(NodeType.FIFO, 0o600, mtime=10**18, acl=acl_of(5)))
    return b.build()


def test_acls_are_written_and_read() -> None:
    tree = read_dump(BytesSource(dump_of(_with_acls()))).tree
    assert differences(_with_acls(), tree) == []
    assert tree.node_at(b"d90").acl == acl_of(90)
    assert tree.node_at(b"e empty").acl == acl_of(20)
    assert tree.node_at(b"g dir").default_acl == acl_of(60, True)


def test_acls_lie_where_ufsdump_puts_them() -> None:
    headers = {}
    for record in headers_in(dump_of(_with_acls())):
        header = declare_header("big").parse(record)
        headers.setdefault(header.c_inumber, []).append(header)
    of = {n.ino: n for n in read_dump(BytesSource(dump_of(_with_acls()))).tree.nodes}
    for ino, node in of.items():
        kinds = [(h.c_type, int.from_bytes(h.c_dinode[:2], "big") >> 12) for h in headers[ino]]
        kinds = [kind for kind in kinds if kind[0] in (2, 4)]
        flagged = [h.c_flags & 16 for h in headers[ino] if h.c_type in (2, 4)]
        size = sum(8 + 12 * len(acl) for acl in (node.acl, node.default_acl) if acl)
        assert any(flagged) == (0 < size <= 196)
        assert (kinds[-1] == (4, 0o13)) == (size > 196)
    short = next(h for h in headers[3] if h.c_type == 2)
    area = declare_header("big").build(short)[692:888]
    assert area[:8] == struct.pack(">II", 1, 68)
    assert area[8:20] == struct.pack(">HHHHI", 1, 0, 7, 0, 0)
    assert area[20:32] == struct.pack(">HHHHI", 2, 0, 5, 0, 1000)
    assert area[68:] == bytes(128)


@needs("restore")
def test_short_acls_do_not_disturb_restore(tmp_path: Path) -> None:
    b = _with_acls().edit()
    for name in (b"c16", b"d90", b"e empty", b"g dir"):
        b.unlink(0, name)
    tree = b.build()
    assert assert_same(tree, restore(dump_of(tree), tmp_path)) == 6


def _with_attributes() -> FileTree:
    b = TreeBuilder(directory(0o755), resolution=1000)
    one = Attribute(b"SUNWattr", regular(BytesContent(b"value" * 3000), 0o600, 7, 8))
    two = Attribute(b"second", replace(regular(BytesContent(b"")), acl=acl_of(5)))
    b.add(0, b"file", replace(regular(BytesContent(b"x"), 0o640, 7, 8), attributes=(one, two)))
    b.add(0, b"dir", replace(directory(0o711), attributes=(two,)))
    b.add(0, b"plain", regular(BytesContent(b"y")))
    return b.build()


def test_attributes_are_written_and_read() -> None:
    stream = dump_of(_with_attributes())
    tree = read_dump(BytesSource(stream)).tree
    assert differences(_with_attributes(), tree) == []
    file = tree.node_at(b"file")
    assert [a.name for a in file.attributes] == [b"SUNWattr", b"second"]
    assert file.attributes[1].node.acl == acl_of(5)
    assert dump_of(tree) == stream
    modes = {}
    for record in headers_in(stream):
        header = declare_header("big").parse(record)
        modes[header.c_inumber] = int.from_bytes(header.c_dinode[:2], "big")
    assert sorted(m for m in modes.values() if m >> 12 == 0o16) == [0o160711, 0o160750]


# --- put together by hand


class Maker:
    """A stream record by record; sums are made right unless told otherwise."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.header(1)
        for kind in (6, 3):
            self.header(kind, 2, 1)
            self.data += b"\xfe".ljust(1024, b"\0")  # inodes 2 to 8

    def header(
        self, kind: int, ino: int = 0, count: int = 0, *, dinode: bytes = b"", addr: bytes = b"",
        **fields: object,
    ) -> None:  # fmt: skip
        values: dict[str, object] = {
            "c_type": kind, "c_date": 9, "c_ddate": 0, "c_volume": 1,
            "c_tapea": len(self.data) // 1024, "c_inumber": ino, "c_magic": 60012,
            "c_checksum": 0, "c_dinode": dinode.ljust(128, b"\0"), "c_count": count,
            "c_addr": (addr or b"\1" * min(max(count, 0), 512)).ljust(512, b"\0"),
            "c_label": bytes(16), "c_level": 0, "c_filesys": bytes(64), "c_dev": bytes(64),
            "c_host": bytes(64), "c_flags": 0, "c_firstrec": 1, "c_tpbsize": 1024,
            "c_spare": bytes(124),
        }  # fmt: skip
        values.update(fields)
        record = declare_header("big").build(values)
        missing = (84446 - sum(struct.unpack(">256I", record))) % 2**32
        self.data += record[:28] + missing.to_bytes(4, "big") + record[32:]

    def inode(
        self, ino: int, mode: int, data: bytes = b"", size: int | None = None, **fields
    ) -> None:
        size = len(data) if size is None else size
        dinode = struct.pack(">HhHHQ", mode, 1, 0, 0, size).ljust(128, b"\0")
        oeft = fields.pop("oeft", 0)
        dinode = dinode[:124] + oeft.to_bytes(4, "big")
        count = -(-len(data) // 1024)
        self.header(2, ino, count, dinode=dinode, **fields)
        self.data += data.ljust(count * 1024, b"\0")

    def directory(
        self, ino: int, *entries: tuple[bytes, int], mode: int = 0o040755, **fields
    ) -> None:
        data, all_entries = b"", [(b".", ino), (b"..", 2), *entries]
        for name, to in all_entries:
            length = 8 + (len(name) // 4 + 1) * 4
            if (name, to) is all_entries[-1] or (name, to) == all_entries[-1]:
                length = 512 - len(data)
            data += struct.pack(">IHH", to, length, len(name)) + name.ljust(length - 8, b"\0")
        self.inode(ino, mode, data, **fields)

    def end(self) -> FileTree:
        return self.dump().tree

    def dump(self):
        self.header(5)
        return read_dump(BytesSource(bytes(self.data)), place=("slice 3",))


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


# --- damage


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


def mended(stream: bytes) -> bytes:
    """The sums of all headers made right again, so that damage comes through to the rest."""
    out = bytearray(stream)
    for at in range(0, len(out) - 1023, 1024):
        if out[at + 24 : at + 28] == (60012).to_bytes(4, "big"):
            out[at + 28 : at + 32] = bytes(4)
            missing = (84446 - sum(struct.unpack_from(">256I", out, at))) % 2**32
            out[at + 28 : at + 32] = missing.to_bytes(4, "big")
    return bytes(out)


def read_all(tree: FileTree) -> None:
    for node in tree.nodes:
        for _ in node.content.chunks():
            pass


@pytest.mark.parametrize("mend", [False, True])
def test_damage_never_surprises(mend: bool) -> None:
    small = dump_of(_with_acls()), dump_of(_with_attributes()), real(), swapped(real())
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
    stream = dump_of(_with_attributes())
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


# --- large files


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


# --- the declarations


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


def positions_in(stream: bytes, order: str = "big") -> Iterator[tuple[int, bytes]]:
    declared, at = declare_header(order), 0
    while at < len(stream) // 1024:
        record = stream[at * 1024 : at * 1024 + 1024]
        yield at, record
        header = declared.parse(record)
        data = header.c_addr[: header.c_count]
        at += 1 + (0 if header.c_type == 5 else len(data) - data.count(0))


def headers_in(stream: bytes, order: str = "big") -> list[bytes]:
    return [record for _, record in positions_in(stream, order)]
