# SPDX-License-Identifier: Apache-2.0
"""Damage to streams that is known record by record, and a judge of what is salvaged."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from formats.ufsdump_streams import acl_of, positions_in
from formats.ufsdump_tools import OPTIONS, dump_of, sparse

from mkboot.formats.ufsdump import Dump, read_dump
from mkboot.formats.ufsdump.structs import declare_header
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import Attribute, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource

TIME = 10**18


def file_of(data: bytes) -> Node:
    return regular(BytesContent(data), 0o640, 7, 8, TIME)


def tree_to_damage(seed: int) -> FileTree:
    """Some 80 names: files with and without continuation headers, holes, ACLs, attributes,
    hard links, a dump inside the dump.
    """
    rng = random.Random(seed)
    b = TreeBuilder(directory(mtime=TIME), resolution=1000)
    places = [0]
    for n in range(9):
        at = rng.choice(places)
        places.append(b.add(at, b"dir %d" % n, directory(0o711, mtime=TIME)))
    for n in range(45):
        size = rng.choice((0, 1, 700, 1024, 5000, 20_000, 98_305))
        file = file_of(rng.randbytes(size))
        number = b.add(rng.choice(places), b"file %d" % n, file)
        if n % 9 == 0:
            b.link(rng.choice(places), b"link %d" % n, number)
    for n in range(6):
        b.add(rng.choice(places), b"symlink %d" % n, symlink(b"to %d" % n, mtime=TIME))
        fifo = Node(NodeType.FIFO, 0o600, mtime=TIME, acl=acl_of(4 + 7 * n))
        b.add(rng.choice(places), b"fifo %d" % n, fifo)
        many = replace(file_of(rng.randbytes(900 * n)), acl=acl_of(5 + 5 * n))
        b.add(rng.choice(places), b"acl %d" % n, many)
    for n in range(2):
        inside = (Attribute(b"one", file_of(b"1" * 2000)), Attribute(b"two", file_of(b"")))
        owner = replace(file_of(rng.randbytes(1500)), attributes=inside)
        b.add(rng.choice(places), b"attributes %d" % n, owner)
    holes = sparse(700_000, (1, rng.randbytes(9000)), (600_000, rng.randbytes(3000)))
    b.add(rng.choice(places), b"holes", regular(holes, mtime=TIME))
    small = TreeBuilder(directory(mtime=TIME))
    small.add(0, b"inner", file_of(b"inner"))
    b.add(rng.choice(places), b"dump", file_of(dump_of(small.build(), replace(OPTIONS, date=1))))
    return b.build()


@dataclass(frozen=True)
class Laid:
    """A stream, and of each record the inode whose data it is (0: it is a header or a map)."""

    tree: FileTree
    stream: bytes
    owners: list[int]
    paths: dict[int, list[bytes]]


def lay(tree: FileTree, order: str = "big") -> Laid:
    stream = dump_of(tree, replace(OPTIONS, byte_order=order))
    owners = [0] * (len(stream) // 1024)
    for at, record in positions_in(stream, order):
        header = declare_header(order).parse(record)
        if header.c_type in (2, 4):
            here = header.c_addr[: header.c_count]
            for n in range(len(here) - here.count(0)):
                owners[at + 1 + n] = header.c_inumber
    # The tree has no numbers: the writer gives them in the order of a walk.
    paths: dict[int, list[bytes]] = {}
    seen: dict[int, int] = {}
    for path, number, _ in tree.walk():
        ino = seen.setdefault(number, len(seen) + 2)
        paths.setdefault(ino, []).append(path)
    for path, _, node in read_dump(BytesSource(stream)).tree.walk():
        if node.attributes:
            top = int.from_bytes(node.dinode[124:], order)
            for ino in (top, *(a.node.ino for a in node.attributes)):
                paths.setdefault(ino, []).append(path)
    return Laid(tree, stream, owners, paths)


def damage(laid: Laid, rng: random.Random, kind: str) -> tuple[bytes, set[int], int]:
    """The damaged stream, the inodes whose data may be changed without a trace (the format
    has no sum over data), and how many records were touched.
    """
    data = bytearray(laid.stream)
    records = len(data) // 1024
    at, many = rng.randrange(records), rng.randint(1, 9)
    if kind == "flip":
        data[at * 1024 + rng.randrange(1024)] ^= 1 << rng.randrange(8)
        return bytes(data), {laid.owners[at]}, 1
    if kind == "zero":
        begin = rng.randrange(len(data))
        end = min(len(data), begin + rng.choice((512, 1024, 8192, 32768)))
        data[begin:end] = bytes(end - begin)
        touched = range(begin // 1024, (end + 1023) // 1024)
        return bytes(data), {laid.owners[n] for n in touched}, len(touched)
    if kind == "cut":
        return bytes(data[: rng.randrange(1025, len(data))]), set(), records
    if kind == "missing":
        del data[at * 1024 : (at + many) * 1024]
        return bytes(data), set(), many
    if kind == "double":
        data[at * 1024 : at * 1024] = data[at * 1024 : (at + many) * 1024]
        return bytes(data), set(), many
    assert kind == "odd"
    begin = rng.randrange(len(data))
    del data[begin : begin + rng.randint(1, 5000)]
    return bytes(data), set(), many


KINDS = ("flip", "zero", "cut", "missing", "double", "odd")


def lost(laid: Laid, dump: Dump) -> list[bytes]:
    """Paths of the original that are not equal in the salvaged tree."""
    comparison = Comparison(laid.tree, dump.tree, frozenset({"nlink"}))
    found = {d.path for d in comparison.differences() if (d.field, d.left) != ("path", "missing")}
    return sorted(found)


def untold(laid: Laid, dump: Dump, silent: set[int]) -> list[bytes]:
    """Those of them that no finding names, neither them nor a directory above."""
    named = {f.place for f in dump.findings if f.code == "dump-damaged"}
    named |= {show(path) for ino in silent for path in laid.paths.get(ino, ())}
    left = []
    for path in lost(laid, dump):
        parts = show(path).split("/")
        above = ["/".join(parts[:n]) or "/" for n in range(1, len(parts) + 1)]
        if not named & set(above):
            left.append(path)
    return left
