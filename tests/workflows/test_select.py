# SPDX-License-Identifier: Apache-2.0
"""Parts of trees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import differences, rich_tree, trees

from mkboot.errors import CallerError
from mkboot.tree.filetree import FileTree
from mkboot.workflows.select import look_up, only, subtree


def paths(tree: FileTree) -> set[bytes]:
    return {entry.path for entry in tree.walk()}


def test_only_keeps_what_is_named_and_above() -> None:
    tree = rich_tree()
    assert paths(only(tree, [b"/etc/passwd"])) == {b"/", b"/etc", b"/etc/passwd"}
    assert paths(only(tree, [b"etc", b"/etc/passwd"])) == {b"/", b"/etc", b"/etc/passwd"}
    assert paths(only(tree, [b"/empty"])) == {b"/", b"/empty"}
    deep = {p for p in paths(tree) if p.startswith(b"/deep")}
    below = b"/deep/" + b"d" * 200 + b"/" + b"d" * 200
    builder = tree.edit()
    builder.add(builder.find(b"/deep") or 0, b"other", tree.nodes[tree.find(b"/hard") or 0])
    both = builder.build()
    assert paths(only(both, [below, b"/deep"])) == {b"/", b"/deep/other"} | deep
    assert only(tree, []) is tree
    assert only(tree, [b"/etc", b"/"]) is tree
    for missing in (b"/etc/shadow", b"/etc/passwd/x"):
        with pytest.raises(CallerError, match="there is no"):
            only(tree, [b"/etc", missing])


def test_hard_links_survive() -> None:
    tree = only(rich_tree(), [b"/etc/passwd", b"/hard"])
    assert tree.find(b"/etc/passwd") == tree.find(b"/hard")
    assert tree.nlink(tree.find(b"/hard") or 0) == 2
    alone = only(rich_tree(), [b"/hard"])
    assert alone.nlink(alone.find(b"/hard") or 0) == 1


@given(tree=trees(), data=st.data())
def test_a_subtree_is_that_part(tree: FileTree, data: st.DataObject) -> None:
    places = [e for e in tree.walk() if e.node.is_directory]
    top = data.draw(st.sampled_from(places))
    part = subtree(tree, top.number)
    prefix = b"" if top.path == b"/" else top.path
    wanted = {e.path for e in tree.walk() if e.path == top.path or e.path.startswith(prefix + b"/")}
    assert {prefix + p.rstrip(b"/") or b"/" for p in paths(part)} == wanted
    for entry in part.walk():
        at = tree.find(prefix + entry.path)
        assert at is not None
        assert tree.nodes[at] is entry.node
    if top.path == b"/":
        assert differences(tree, part) == []


def test_links_on_the_way_are_followed_but_not_the_last() -> None:
    builder = rich_tree().edit()
    usr = builder.add(0, b"usr", rich_tree().root)
    builder.add(builder.add(usr, b"bin", rich_tree().root), b"sh", rich_tree().nodes[2])
    tree = builder.build()
    assert look_up(tree, b"/bin/sh") == tree.find(b"/usr/bin/sh")
    assert look_up(tree, b"/bin") == tree.find(b"/bin")
    assert look_up(tree, b"/bin/.") == tree.find(b"/usr/bin")
    with pytest.raises(CallerError):
        look_up(tree, b"/bin/none")
