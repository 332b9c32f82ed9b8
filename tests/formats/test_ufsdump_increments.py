# SPDX-License-Identifier: Apache-2.0
"""Increments: what they hold, and what becomes of them when they are put together."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest
from conftest import needs
from formats.ufsdump_pairs import BEFORE, DATES, Changer, histories, numbered
from formats.ufsdump_streams import with_acls, with_attributes
from formats.ufsdump_tools import OPTIONS, assert_same, differences, restore_all
from hypothesis import HealthCheck, given, settings

from mkboot.errors import InputError
from mkboot.formats.ufsdump import (
    Dump,
    DumpOptions,
    estimate_dump,
    join_dumps,
    merge_dumps,
    read_dump,
    write_dump,
)
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular, symlink
from mkboot.tree.source import BytesSource

ALL = list(HealthCheck)


def options(level: int, order: str = "big") -> DumpOptions:
    base = DATES[level - 1] if level else 0
    return replace(
        OPTIONS, date=DATES[level], level=level, base_date=base, byte_order=order, block_size=8192
    )


def write(tree: FileTree, level: int, base: Dump | None = None, order: str = "big") -> bytes:
    out = bytearray()
    write_dump(tree, out.extend, options(level, order), base=base)
    assert len(out) == estimate_dump(tree, options(level, order), base=base)
    return bytes(out)


def read(stream: bytes) -> Dump:
    return read_dump(BytesSource(stream))


def inodes(dump: Dump) -> set[int]:
    return set(dump.scan.items)


@needs("restore")
@settings(max_examples=40, deadline=None, suppress_health_check=ALL)
@given(histories(restorable=True))
def test_restore_goes_from_level_to_level(trees: list[FileTree]) -> None:
    streams = [write(tree, level) for level, tree in enumerate(trees)]
    with tempfile.TemporaryDirectory() as room:
        target = restore_all(streams, Path(room))
        assert_same(trees[-1], target)


@settings(max_examples=80, deadline=None, suppress_health_check=ALL)
@given(histories(restorable=False))
def test_the_merge_is_the_last_tree(trees: list[FileTree]) -> None:
    for order in ("big", "little"):
        dumps = [read(write(tree, level, None, order)) for level, tree in enumerate(trees)]
        for last in range(len(trees)):
            assert differences(trees[last], merge_dumps(*dumps[: last + 1])) == []


@settings(max_examples=40, deadline=None, suppress_health_check=ALL)
@given(histories(restorable=False))
def test_what_differs_from_the_base_is_seen_without_times(trees: list[FileTree]) -> None:
    """All times lie before the base: only comparing can tell what has changed."""
    old = [_aged(tree) for tree in trees]
    zero = read(write(old[0], 0))
    one = read(write(old[1], 1, zero))
    two = read(write(old[2], 2, join_dumps(zero, one)))
    assert differences(old[1], merge_dumps(zero, one)) == []
    assert differences(old[2], merge_dumps(zero, one, two)) == []


def _aged(tree: FileTree) -> FileTree:
    b = tree.edit()
    for number, node in enumerate(tree.nodes):
        b.replace(number, replace(node, mtime=min(node.mtime, BEFORE), ctime=BEFORE))
    # Content of the same size at the same time is what no dump can see but by its blocks.
    for number, node in enumerate(tree.nodes):
        if node.content.size:
            mark = crc32(node.content.read(0, 1 << 20)) % 999
            b.replace(number, replace(b.node(number), atime=0, ctime=BEFORE - mark * SECOND))
    return b.build()


def two_directories() -> FileTree:
    b = TreeBuilder(directory(), resolution=1000)
    one, two = b.add(0, b"one", directory()), b.add(0, b"two", directory())
    b.add(one, b"in one", regular(BytesContent(b"1" * 5000)))
    b.add(two, b"in two", regular(BytesContent(b"2" * 5000)))
    b.add(b.add(two, b"deep", directory()), b"deepest", regular(BytesContent(b"3" * 5000)))
    b.add(0, b"link", symlink(b"one"))
    return numbered(b.build())


def test_an_increment_holds_what_changed_and_the_way_to_it() -> None:
    tree = two_directories()
    at = {path: tree.node_at(path).ino for path in (b"/", b"two", b"two/deep", b"two/deep/deepest")}
    c = Changer(tree, DATES[0] + 5)
    c.touch(tree.find(b"two/deep/deepest"), content=False, mode=0o600)
    dump = read(write(c.build(), 1))
    assert inodes(dump) == set(at.values())
    assert set(dump.dumped) == set(at.values())
    assert set(dump.in_use) == {1, *(node.ino for node in tree.nodes)}
    assert dump.header.base_date == DATES[0]


def test_a_change_in_the_second_of_the_base_is_taken() -> None:
    tree = two_directories()
    for seconds, expected in ((DATES[0] - 1, 1), (DATES[0], 3), (DATES[0] + 1, 3)):
        c = Changer(tree, seconds)
        c.touch(tree.find(b"one/in one"), content=False)
        assert len(inodes(read(write(c.build(), 1)))) == expected


def test_nothing_changed_is_a_root_and_a_map() -> None:
    tree = two_directories()
    zero, one = read(write(tree, 0)), read(write(tree, 1))
    assert inodes(one) == {2}
    assert differences(tree, merge_dumps(zero, one)) == []
    assert inodes(read(write(tree, 1, zero))) == {2}


def test_acls_and_attributes_go_through_increments() -> None:
    for made in (with_acls(), with_attributes()):
        tree = numbered(made)
        tree = _number_attributes(tree)
        c = Changer(tree, DATES[0] + 5)
        for number, node in enumerate(tree.nodes):
            if node.acl:
                c.touch(number, content=False, acl=node.acl[:-2] + node.acl[-1:])
            elif node.attributes:
                first = node.attributes[0]
                new = replace(
                    first.node, content=BytesContent(b"new"), mtime=(DATES[0] + 5) * SECOND
                )
                c.b.replace(number, replace(node, attributes=(first._replace(node=new),)))
        second = c.build()
        for order in ("big", "little"):
            zero, one = read(write(tree, 0, None, order)), read(write(second, 1, None, order))
            assert differences(second, merge_dumps(zero, one)) == []
            assert {2} < inodes(one) < inodes(zero)


def _number_attributes(tree: FileTree) -> FileTree:
    b, following = tree.edit(), 1000
    for number, node in enumerate(tree.nodes):
        numbered_ones = []
        for each in node.attributes:
            following += 1
            old = replace(each.node, ino=following, mtime=BEFORE, ctime=BEFORE)
            numbered_ones.append(each._replace(node=old))
        b.replace(number, replace(node, attributes=tuple(numbered_ones)))
    return b.build()


def test_dumps_that_do_not_follow_each_other_are_refused() -> None:
    tree = two_directories()
    zero, one, two = (read(write(tree, level)) for level in range(3))
    with pytest.raises(InputError, match="level 2 dump is relative to another") as caught:
        merge_dumps(zero, two)
    assert "too low" in caught.value.hint
    with pytest.raises(InputError, match="level 1 dump is relative") as caught:
        merge_dumps(zero, one, one)
    assert "too high" in caught.value.hint
    with pytest.raises(InputError, match="no level 0"):
        merge_dumps(one, two)
    little = read(write(tree, 1, None, "little"))
    with pytest.raises(InputError, match="byte order"):
        merge_dumps(zero, little)


def test_an_increment_needs_the_numbers_of_its_base() -> None:
    tree = two_directories()
    b = tree.edit()
    for number, node in enumerate(tree.nodes):
        b.replace(number, replace(node, ino=0))
    with pytest.raises(InputError, match="inode numbers"):
        write(b.build(), 1, read(write(tree, 0)))
