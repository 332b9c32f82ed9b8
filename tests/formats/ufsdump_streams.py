# SPDX-License-Identifier: Apache-2.0
"""Streams for the tests: a real one, one of the other byte order, and ones put together
record by record from the declarations.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from dataclasses import replace

from conftest import SAMPLES

from mkboot.formats.ufsdump import read_dump
from mkboot.formats.ufsdump.structs import declare_entry, declare_header
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import AclEntry, Attribute, Node, NodeType, directory, regular
from mkboot.tree.source import BytesSource


def real() -> bytes:
    return gzip.decompress((SAMPLES / "small.dump.gz").read_bytes())


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


def positions_in(stream: bytes, order: str = "big") -> Iterator[tuple[int, bytes]]:
    """Record numbers and headers, by the declaration alone."""
    declared, at = declare_header(order), 0
    while at < len(stream) // 1024:
        record = stream[at * 1024 : at * 1024 + 1024]
        yield at, record
        header = declared.parse(record)
        data = header.c_addr[: header.c_count]
        at += 1 + (0 if header.c_type == 5 else len(data) - data.count(0))


def headers_in(stream: bytes, order: str = "big") -> list[bytes]:
    return [record for _, record in positions_in(stream, order)]


def acl_of(count: int, default: bool = False) -> tuple[AclEntry, ...]:
    top = 0x1000 if default else 0
    users = tuple(AclEntry(top | 2, 1000 + n, 5) for n in range(count - 4))
    mask = AclEntry(top | 0x10, 0, 7)
    return (
        AclEntry(top | 1, 0, 7), *users, AclEntry(top | 4, 0, 5), mask, AclEntry(top | 0x20, 0, 4)
    )  # fmt: skip


def with_acls() -> FileTree:
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


def with_attributes() -> FileTree:
    b = TreeBuilder(directory(0o755), resolution=1000)
    one = Attribute(b"SUNWattr", regular(BytesContent(b"value" * 3000), 0o600, 7, 8))
    two = Attribute(b"second", replace(regular(BytesContent(b"")), acl=acl_of(5)))
    b.add(0, b"file", replace(regular(BytesContent(b"x"), 0o640, 7, 8), attributes=(one, two)))
    b.add(0, b"dir", replace(directory(0o711), attributes=(two,)))
    b.add(0, b"plain", regular(BytesContent(b"y")))
    return b.build()


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


def mended(stream: bytes) -> bytes:
    """The sums of all headers made right again, so that damage comes through to the rest."""
    out = bytearray(stream)
    for at in range(0, len(out) - 1023, 1024):
        if out[at + 24 : at + 28] == (60012).to_bytes(4, "big"):
            out[at + 28 : at + 32] = bytes(4)
            missing = (84446 - sum(struct.unpack_from(">256I", out, at))) % 2**32
            out[at + 28 : at + 32] = missing.to_bytes(4, "big")
    return bytes(out)
