# SPDX-License-Identifier: Apache-2.0
"""ACLs, attributes and 32-bit owners in what we write, seen by a witness of its own."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from acl_witness import Seen, StreamWitness, UfsWitness, Witness
from conftest import SAMPLES
from formats.ufsdump_streams import acl_of, real, with_acls, with_attributes
from formats.ufsdump_tools import OPTIONS, dump_of, trees
from hypothesis import HealthCheck, given, settings

from mkboot.formats.ufs import parameters_for, read_ufs, write_ufs
from mkboot.formats.ufsdump import read_dump
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import Node, directory, regular
from mkboot.tree.source import BytesSource

MARKS = {"big": ">", "little": "<"}


class Memory:
    """A sink in memory."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self.size = size

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.data[offset : offset + len(data)] = data


def ufs_of(tree: FileTree, order: str) -> bytes:
    parameters = parameters_for(tree)
    sink = Memory(parameters.size * 512)
    write_ufs(tree, sink, parameters, time=10**9, generation=1, byte_order=order)
    return bytes(sink.data)


def claimed(node: Node) -> Seen:
    acl = [(1, e.tag, e.who, e.perm) for e in node.acl]
    acl += [(2, e.tag, e.who, e.perm) for e in node.default_acl]
    inside = [(a.name, a.node.content.read(0, a.node.size)) for a in node.attributes]
    return Seen(node.uid, node.gid, tuple(acl), tuple(sorted(inside)))


def of_tree(tree: FileTree) -> dict[bytes, Seen]:
    return {path: claimed(node) for path, _, node in tree.walk()}


def with_owners() -> FileTree:
    b = TreeBuilder(directory(0o755, 70_000, 1 << 31), resolution=1000)
    for n, uid in enumerate((0, 60_001, 65_534, 65_535, 65_536, 100_000, (1 << 32) - 2)):
        b.add(0, b"uid %d" % n, regular(BytesContent(b""), uid=uid, gid=7))
        b.add(0, b"gid %d" % n, regular(BytesContent(b"x"), uid=7, gid=uid))
    at = b.add(0, b"dir", directory(0o700, 200_000, 0))
    b.add(at, b"inside", replace(regular(BytesContent(b"y")), uid=1 << 20, acl=acl_of(70)))
    return b.build()


MADE = [with_acls(), with_attributes(), with_owners()]


@pytest.mark.parametrize("tree", MADE, ids=["acls", "attributes", "owners"])
@pytest.mark.parametrize("order", ["big", "little"])
def test_streams(tree: FileTree, order: str) -> None:
    stream = dump_of(tree, replace(OPTIONS, byte_order=order))
    assert StreamWitness(stream, MARKS[order]).seen() == of_tree(tree)
    assert of_tree(read_dump(BytesSource(stream)).tree) == of_tree(tree)


@pytest.mark.parametrize("tree", MADE, ids=["acls", "attributes", "owners"])
@pytest.mark.parametrize("order", ["big", "little"])
def test_images(tree: FileTree, order: str) -> None:
    image = ufs_of(tree, order)
    seen = UfsWitness(image, MARKS[order]).seen()
    assert seen.pop(b"/lost+found") == Seen(0, 0, (), ())
    assert seen == of_tree(tree)
    back = of_tree(read_ufs(BytesSource(image)))
    del back[b"/lost+found"]
    assert back == of_tree(tree)


@pytest.mark.parametrize("order", ["big", "little"])
def test_from_image_to_stream(order: str) -> None:
    """What a capture does: the inodes keep their numbers, shadows and attribute directories."""
    for tree in MADE:
        captured = read_ufs(BytesSource(ufs_of(tree, order)))
        stream = dump_of(captured, replace(OPTIONS, byte_order=order))
        assert StreamWitness(stream, MARKS[order]).seen() == of_tree(captured)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees())
def test_any_owner(tree: FileTree) -> None:
    for order, mark in MARKS.items():
        stream = dump_of(tree, replace(OPTIONS, byte_order=order))
        assert StreamWitness(stream, mark).seen() == of_tree(tree)


def test_the_witness_sees_a_real_stream_and_image() -> None:
    image = gzip.decompress((SAMPLES / "small.ufs.gz").read_bytes())
    both: list[Witness] = [StreamWitness(real()), UfsWitness(image)]
    seen = [witness.seen() for witness in both]
    assert seen[0] == seen[1] == of_tree(read_ufs(BytesSource(image)))
    assert len(seen[0]) > 10


def test_the_witness_notices() -> None:
    tree = with_acls()
    stream = bytearray(dump_of(tree))
    at = stream.index(b"\0\0\0\1\0\0\0\x44")  # the first short ACL
    stream[at + 13] ^= 4
    assert StreamWitness(bytes(stream)).seen() != of_tree(tree)
