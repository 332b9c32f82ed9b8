# SPDX-License-Identifier: Apache-2.0
"""Streams that we write, judged by Debian's restore, by file(1), and by a real ufsdump's."""

from __future__ import annotations

import gzip
import struct
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from formats.ufsdump_streams import positions_in, real
from formats.ufsdump_tools import OPTIONS, assert_same, dump_of, nodes, restore, sparse, trees
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkboot.errors import CallerError, InputError
from mkboot.formats.inode import dinode_from_node
from mkboot.formats.ufs import read_ufs
from mkboot.formats.ufsdump import DumpOptions, estimate_dump, read_dump, write_dump
from mkboot.formats.ufsdump.directories import pack_entries, parse_entries
from mkboot.formats.ufsdump.header import HeaderWriter
from mkboot.formats.ufsdump.plan import kept_dinode
from mkboot.formats.ufsdump.structs import declare_entry, declare_header
from mkboot.tree.content import BytesContent, Content
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Attribute, Device, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource

MTIME = 1_000_000_000 * SECOND + 123_456_000


def file_of(data: bytes, mode: int = 0o644, uid: int = 0) -> Node:
    return regular(BytesContent(data), mode, uid, uid, MTIME)


def hand_made() -> FileTree:
    """Everything that restore can do."""
    b = TreeBuilder(directory(0o755, mtime=MTIME), resolution=1000)
    etc = b.add(0, b"etc", directory(0o2755, 3, 4, MTIME))
    passwd = b.add(etc, b"passwd", file_of(b"root:x:0:0\n", 0o444, 60001))
    b.link(0, b"second name", passwd)
    b.add(etc, b"empty", file_of(b"", 0o4755))
    b.add(etc, b"n" * 200, file_of(b"long name"))
    b.add(etc, b"\xff\xfe\n\t \\", file_of(b"odd name"))
    b.add(0, b"exact block", file_of(b"x" * 8192))
    b.add(0, b"one more", file_of(b"y" * 8193))
    b.add(0, b"just direct", file_of(bytes(range(256)) * 384))
    b.add(0, b"past direct", file_of(bytes(range(255)) * 400))
    b.add(0, b"large", file_of(b"0123456789abcdef" * 80_001))
    holes = sparse(3_000_001, (0, b"begin"), (1_000_000, b"m" * 9000), (2_999_999, b"en"))
    b.add(0, b"holes", regular(holes, mtime=MTIME))
    b.add(0, b"all hole", regular(sparse(700_000), mtime=MTIME))
    b.add(0, b"short link", symlink(b"etc"))
    b.add(0, b"long link", symlink(b"../" + b"t" * 900))
    b.add(0, b"fifo", Node(NodeType.FIFO, 0o600, 5, 6, MTIME))
    b.add(0, b"null", Node(NodeType.CHAR, 0o666, 0, 3, MTIME, device=Device(13, 2)))
    b.add(0, b"disk", Node(NodeType.BLOCK, 0o640, 0, 5, MTIME, device=Device(32, 7)))
    many = b.add(0, b"many", directory(0o1777, mtime=MTIME))
    for n in range(300):
        b.add(many, b"%d" % n, file_of(b"%d" % n))
    deep = many
    for n in range(12):
        deep = b.add(deep, b"d%d" % n, directory(mtime=MTIME))
    return b.build()


@needs("restore")
def test_restore_makes_the_tree_again(tmp_path: Path) -> None:
    tree = hand_made()
    assert assert_same(tree, restore(dump_of(tree), tmp_path)) == sum(1 for _ in tree.walk())


@needs("restore")
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees(restorable=True))
def test_restore_makes_any_tree_again(tree: FileTree) -> None:
    with tempfile.TemporaryDirectory() as room:
        assert_same(tree, restore(dump_of(tree), Path(room)))


@needs("restore")
@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees(restorable=True))
def test_restore_makes_200_trees_again(tree: FileTree) -> None:
    with tempfile.TemporaryDirectory() as room:
        assert_same(tree, restore(dump_of(tree), Path(room)))


@settings(max_examples=60, deadline=None)
@given(trees())
def test_estimate_is_exact(tree: FileTree) -> None:
    assert estimate_dump(tree, OPTIONS) == len(dump_of(tree))


@pytest.mark.parametrize("blocking", [1, 10, 32, 63])
def test_the_last_tape_block_is_full(blocking: int) -> None:
    options = replace(OPTIONS, blocking=blocking)
    stream = dump_of(hand_made(), options)
    assert len(stream) % (blocking * 1024) == 0
    assert len(stream) == estimate_dump(hand_made(), options)
    assert read_dump(BytesSource(stream)).records == len(stream) // 1024


@needs("file")
def test_file_reads_the_header(tmp_path: Path) -> None:
    at = tmp_path / "dump"
    at.write_bytes(dump_of(hand_made(), replace(OPTIONS, level=3, base_date=86_400 * 366)))
    ran = subprocess.run(
        ["file", "-b", at], capture_output=True, text=True, check=True, env={"TZ": "UTC"}
    )
    assert ran.stdout.startswith("new-fs dump file (big endian)")
    for part in (
        "This dump Sun Sep  9 01:55:00 2001",
        "Previous dump Sat Jan  2 00:00:00 1971",
        "Volume 1",
        "Level 3",
        "tape header",
        "Label none",
        "Filesystem /,",
        "Device /dev/rdsk/c0t0d0s0",
        "Host host",
        "Flags 1",
    ):
        assert part in ran.stdout


def test_every_header_adds_up_and_is_counted() -> None:
    for at, record in positions_in(dump_of(hand_made())):
        assert sum(struct.unpack(">256I", record)) % 2**32 == 84446
        header = declare_header("big").parse(record)
        assert header.c_magic == 60012
        assert header.c_tapea == at
        assert (header.c_date, header.c_ddate, header.c_volume) == (1_000_000_500, 0, 1)
        assert (header.c_level, header.c_firstrec) == (0, 1)


def test_order_of_records() -> None:
    headers = [declare_header("big").parse(r) for _, r in positions_in(dump_of(hand_made()))]
    kinds = [h.c_type for h in headers]
    assert kinds[:3] == [1, 6, 3]
    ends = kinds[kinds.index(5) :]
    assert set(ends) == {5}
    body = headers[3 : -len(ends)]
    modes = [int.from_bytes(h.c_dinode[:2], "big") & 0o170000 == 0o040000 for h in body]
    split = modes.index(False)
    assert not any(modes[split:])
    for part in (body[:split], body[split:]):
        numbers = [h.c_inumber for h in part]
        assert numbers == sorted(numbers)
    assert [h.c_flags for h in headers] == [
        1,
        *[0] * (len(headers) - 1 - len(ends)),
        *[2] * len(ends),
    ]


def test_the_quick_header_equals_the_declaration() -> None:
    made = HeaderWriter(
        date=5, base_date=4, level=7, names=(b"label", b"/usr", b"/dev/x", b"host")
    ).make(2, 77, 9, 3, dinode=bytes(range(128)), addr=b"\1\0\1", flags=16)
    declared = declare_header("big")
    parsed = declared.parse(bytes(made))
    parsed.pop("_io", None)
    assert declared.sizeof() == 1024
    assert declared.build(parsed) == made
    assert {k: v for k, v in parsed.items() if k != "c_checksum"} == {
        "c_type": 2, "c_date": 5, "c_ddate": 4, "c_volume": 1, "c_tapea": 77, "c_inumber": 9,
        "c_magic": 60012, "c_dinode": bytes(range(128)), "c_count": 3,
        "c_addr": b"\1\0\1".ljust(512, b"\0"), "c_label": b"label".ljust(16, b"\0"),
        "c_level": 7, "c_filesys": b"/usr".ljust(64, b"\0"), "c_dev": b"/dev/x".ljust(64, b"\0"),
        "c_host": b"host".ljust(64, b"\0"), "c_flags": 16, "c_firstrec": 1, "c_tpbsize": 1024,
        "c_spare": bytes(124),
    }  # fmt: skip


def test_directory_entries_equal_the_declaration() -> None:
    entries = [(b".", 2), (b"..", 2), *((b"n" * n, n) for n in range(1, 256))]
    data = pack_entries(entries)
    assert len(data) % 512 == 0
    found, at = [], 0
    while at < len(data):
        head = declare_entry("big").parse(data[at:])
        name = data[at + 8 : at + 8 + head.d_namlen]
        assert data[at + 8 + head.d_namlen] == 0
        assert head.d_reclen % 4 == 0
        assert at // 512 == (at + head.d_reclen - 1) // 512
        found.append((name, head.d_ino))
        at += head.d_reclen
    assert found == entries
    assert parse_entries(BytesContent(data), "big", ()) == entries


def test_directories_keep_the_size_they_had() -> None:
    data = pack_entries([(b".", 3), (b"..", 2)], 8192)
    assert len(data) == 8192
    assert [data[at + 4 : at + 6] for at in range(512, 8192, 512)] == [b"\2\0"] * 15
    assert len(parse_entries(BytesContent(data), "big", ())) == 2


#: What may differ between a real ufsdump's records and ours of the same file system.
#: c_checksum follows from the rest.  c_addr behind c_count, and c_dinode in headers that
#: are not of an inode, are what an earlier header left there.
def comparable(record: bytes) -> dict[str, object]:
    fields = dict(declare_header("big").parse(record))
    for name in (
        "_io",
        "c_checksum",
        "c_date",
        "c_ddate",
        "c_label",
        "c_filesys",
        "c_dev",
        "c_host",
    ):
        fields.pop(name, None)
    kind, count = fields["c_type"], fields["c_count"]
    if kind == 5:
        fields["c_addr"] = fields["c_addr"][:8]  # first inodes of volumes 0 and 1
    else:
        fields["c_addr"] = fields["c_addr"][:count]
    if kind not in (2, 4):
        fields.pop("c_dinode")
    elif int.from_bytes(fields["c_dinode"][:2], "big") & 0o170000 in (0o020000, 0o060000):
        word = int.from_bytes(fields["c_dinode"][40:44], "big")
        device = (word >> 18, word & 0x3FFFF) if word >> 16 else (word >> 8, word & 0xFF)
        fields["device"] = device
        fields["c_dinode"] = fields["c_dinode"][:40] + fields["c_dinode"][44:]
    return fields


def assert_same_records(ours: bytes, theirs: bytes) -> None:
    assert len(ours) == len(theirs) == 416 * 1024
    positions = list(positions_in(theirs))
    assert [at for at, _ in positions_in(ours)] == [at for at, _ in positions]
    for at, record in positions:
        assert comparable(ours[at * 1024 : at * 1024 + 1024]) == comparable(record), at
    data = set(range(416)) - {at for at, _ in positions}
    assert len(data) == 416 - len(positions) == 365
    for at in data:
        assert ours[at * 1024 : at * 1024 + 1024] == theirs[at * 1024 : at * 1024 + 1024], at


def test_a_real_stream_written_again_is_the_same() -> None:
    theirs = real()
    tree = read_dump(BytesSource(theirs)).tree
    assert_same_records(dump_of(tree, replace(OPTIONS, inodes=64)), theirs)


def test_the_same_file_system_gives_the_same_records() -> None:
    image = gzip.decompress((SAMPLES / "small.ufs.gz").read_bytes())
    tree = read_ufs(BytesSource(image))
    assert_same_records(dump_of(tree, replace(OPTIONS, inodes=64)), real())


def test_what_other_readers_cannot_do_reads_back() -> None:
    """255-character names, large ids, new-form devices, sockets: restore loses them."""
    b = TreeBuilder(directory(mtime=MTIME), resolution=1000)
    b.add(0, b"n" * 255, file_of(b"x", uid=1 << 31))
    b.add(0, b"device", Node(NodeType.CHAR, 0o666, device=Device(300, 70000)))
    b.add(0, b"socket", Node(NodeType.SOCKET, 0o755, mtime=-5 * SECOND))
    tree = read_dump(BytesSource(dump_of(b.build()))).tree
    assert tree.node_at(b"n" * 255).uid == 1 << 31
    assert tree.node_at(b"device").device == (300, 70000)
    assert tree.node_at(b"socket").type is NodeType.SOCKET
    assert tree.node_at(b"socket").mtime == -5 * SECOND


def test_numbers_are_kept_only_if_they_can_be() -> None:
    b = TreeBuilder(replace(directory(), ino=2))
    b.add(0, b"b", replace(file_of(b"b"), ino=77))
    b.add(0, b"a", replace(file_of(b"a"), ino=5))
    kept = read_dump(BytesSource(dump_of(b.build()))).tree
    assert [kept.node_at(n).ino for n in (b"/", b"a", b"b")] == [2, 5, 77]
    b.add(0, b"c", replace(file_of(b"c"), ino=5))
    fresh = read_dump(BytesSource(dump_of(b.build()))).tree
    assert [fresh.node_at(n).ino for n in (b"/", b"a", b"b", b"c")] == [2, 3, 4, 5]
    b.add(0, b"d", replace(file_of(b"d"), ino=1 << 30))
    assert len(dump_of(b.build())) < 1 << 20


def test_maps_of_many_inodes() -> None:
    b = TreeBuilder(replace(directory(), ino=2))
    b.add(0, b"far", replace(file_of(b"b"), ino=5_000_000))
    stream = dump_of(b.build())
    assert estimate_dump(b.build(), OPTIONS) == len(stream)
    kinds = [declare_header("big").parse(r).c_type for _, r in positions_in(stream)]
    assert kinds[:6] == [1, 6, 4, 3, 4, 2]
    dump = read_dump(BytesSource(stream))
    assert list(dump.dumped) == [2, 5_000_000]
    assert list(dump.in_use) == [1, 2, 5_000_000]
    assert len(dump.dumped) == 2


@given(nodes(restorable=False), st.binary(min_size=128, max_size=128), st.integers(1, 32767))
def test_the_quick_dinode_equals_the_shared_one(node: Node, old: bytes, nlink: int) -> None:
    node = replace(node, dinode=old, device=None)
    quick = kept_dinode(node, nlink, 77, True, int.from_bytes(old[124:], "big"))
    assert quick == dinode_from_node(node, byte_order="big", nlink=nlink, size=77, keep=True)
    without = kept_dinode(node, nlink, 77, False, 5)
    assert without == quick[:112] + bytes(4) + quick[116:124] + b"\0\0\0\5"


def test_what_a_dinode_says_of_attributes() -> None:
    """Attribute files and directories carry IXATTR; the owner names the directory."""
    attribute = Attribute(b"a", file_of(b"value"))
    b = TreeBuilder(directory())
    b.add(0, b"f", replace(file_of(b"x"), attributes=(attribute,)))
    found = {}
    for _, record in positions_in(dump_of(b.build())):
        header = declare_header("big").parse(record)
        if header.c_type == 2:
            found[header.c_inumber] = struct.unpack(">HhHHQ6i12i3iIiIIIII", header.c_dinode)
    assert {ino: words[0] for ino, words in found.items()} == {
        2: 0o040755, 3: 0o100644, 4: 0o160755, 5: 0o100644
    }  # fmt: skip
    assert {ino: words[26] for ino, words in found.items()} == {2: 0, 3: 0, 4: 1, 5: 1}
    assert {ino: words[32] for ino, words in found.items()} == {2: 0, 3: 4, 4: 0, 5: 0}


class Shrinking(Content):
    """A file that became shorter after it was looked at."""

    size = 5000

    def extents(self):
        yield from BytesContent(bytes(5000)).extents()

    def read(self, offset: int, length: int) -> bytes:
        return bytes(4000)


def test_content_that_is_too_short_is_told() -> None:
    b = TreeBuilder(directory())
    b.add(0, b"f", regular(Shrinking()))
    with pytest.raises(InputError, match="inode 3: ends after 4000 of 5000 bytes"):
        dump_of(b.build())


def test_what_does_not_fit_is_refused_before_anything_is_written() -> None:
    b = TreeBuilder(directory())
    b.add(0, b"f", Node(NodeType.CHAR, 0o666, device=Device(1 << 14, 0)))
    written: list[object] = []
    with pytest.raises(InputError, match="inode 3: device 16384,0"):
        write_dump(b.build(), written.append, OPTIONS)
    assert not written


@pytest.mark.parametrize(
    "wrong",
    [{"date": 1 << 31}, {"level": 10}, {"blocking": 0}, {"block_size": 3000}],
)
def test_options_are_checked(wrong: dict[str, int]) -> None:
    with pytest.raises(CallerError):
        DumpOptions(**{"date": 0, **wrong})


def test_buffers_are_large_and_progress_adds_up() -> None:
    b = TreeBuilder(directory())
    b.add(0, b"f", regular(BytesContent(bytes(5 << 20))))
    sizes: list[int] = []
    done: list[int] = []
    summary = write_dump(b.build(), lambda d: sizes.append(len(d)), OPTIONS, advance=done.append)
    assert sum(sizes) == sum(done) == summary.bytes == summary.records * 1024
    assert min(sizes[:-1]) >= 1 << 18
    assert (summary.inodes, summary.directories) == (2, 1)
