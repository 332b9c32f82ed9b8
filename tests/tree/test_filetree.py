# SPDX-License-Identifier: Apache-2.0
"""The tree: names, links, loops, editing, and comparing."""

import pytest

from mkboot.errors import InputError
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent, Extent, RunsContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource


def small() -> TreeBuilder:
    builder = TreeBuilder(directory())
    etc = builder.add(0, b"etc", directory())
    passwd = builder.add(etc, b"passwd", regular(BytesContent(b"root::0:0\n")))
    builder.link(0, b"hard", passwd)
    builder.add(0, b"link", symlink(b"etc/passwd"))
    builder.add(0, b"up", symlink(b"/etc/../etc"))
    builder.add(0, b"loop", symlink(b"loop"))
    builder.add(0, b"null", Node(NodeType.CHAR, 0o666, device=Device(13, 2)))
    return builder


def paths(tree: FileTree) -> list[bytes]:
    return [entry.path for entry in tree.walk()]


def test_walk_is_sorted_and_gives_every_name() -> None:
    tree = small().build()
    assert paths(tree) == [
        b"/", b"/etc", b"/etc/passwd", b"/hard", b"/link", b"/loop", b"/null", b"/up",
    ]  # fmt: skip


def test_link_counts() -> None:
    tree = small().build()
    number = tree.find(b"/hard")
    assert number is not None
    assert tree.nlink(number) == 2
    assert tree.nlink(0) == 3
    assert tree.nlink(tree.find(b"/etc") or 0) == 2


def test_links_are_followed_inside_the_tree() -> None:
    tree = small().build()
    assert tree.resolve(b"/link") == tree.find(b"/etc/passwd")
    assert tree.resolve(b"/up/passwd") == tree.find(b"/etc/passwd")
    assert tree.resolve(b"/../../etc") == tree.find(b"/etc")
    assert tree.resolve(b"/loop") is None
    assert tree.find(b"/link/x") is None


def test_same_name_twice_is_refused() -> None:
    builder = small()
    with pytest.raises(InputError, match="two entries"):
        builder.add(0, b"etc", directory())


def test_a_directory_has_one_parent() -> None:
    builder = small()
    builder.link(0, b"again", builder.find(b"/etc") or 0)
    with pytest.raises(InputError, match="two parents"):
        builder.build()


def test_unlink_drops_what_only_it_leads_to() -> None:
    builder = small()
    builder.unlink(0, b"etc")
    tree = builder.build()
    assert b"/etc" not in paths(tree)
    number = tree.find(b"/hard")
    assert number is not None
    assert tree.nlink(number) == 1


def test_edit_leaves_the_original_alone() -> None:
    tree = small().build()
    before = paths(tree)
    builder = tree.edit()
    builder.unlink(0, b"etc")
    builder.build()
    assert paths(tree) == before


def test_graft_keeps_hard_links() -> None:
    builder = TreeBuilder(directory())
    builder.graft(0, b"a", small().build())
    tree = builder.build()
    assert tree.find(b"/a/hard") == tree.find(b"/a/etc/passwd")
    assert tree.nlink(tree.find(b"/a/hard") or 0) == 2


def test_equal_trees_have_no_difference() -> None:
    comparison = Comparison(small().build(), small().build())
    assert list(comparison.differences()) == []
    assert comparison.counts.names == 8
    assert comparison.counts.files == 1
    assert comparison.counts.bytes == 10


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("mode", {"mode": 0o600}),
        ("uid", {"uid": 7}),
        ("gid", {"gid": 7}),
        ("mtime", {"mtime": 5 * SECOND}),
        ("content", {"content": BytesContent(b"root::0:1\n")}),
        ("size", {"content": BytesContent(b"")}),
    ],
)
def test_each_field_is_compared(field: str, change: dict[str, object]) -> None:
    left = small().build()
    builder = small()
    number = builder.find(b"/hard") or 0
    node = builder.node(number)
    values = {name: getattr(node, name) for name in ("mode", "uid", "gid", "mtime", "content")}
    values.update(change)
    builder.replace(number, Node(NodeType.FILE, **values))  # type: ignore[arg-type]
    found = {d.field for d in Comparison(left, builder.build()).differences()}
    assert field in found
    ignored = Comparison(left, builder.build(), frozenset({field})).differences()
    assert field not in {d.field for d in ignored}


def test_times_are_compared_as_finely_as_both_can_hold() -> None:
    fine = TreeBuilder(directory(mtime=1_500_000_000), resolution=1)
    coarse = TreeBuilder(directory(mtime=1_000_000_000), resolution=SECOND)
    assert not list(Comparison(fine.build(), coarse.build()).differences())
    finer = TreeBuilder(directory(mtime=1_000_000_000), resolution=1)
    assert list(Comparison(fine.build(), finer.build()).differences())


def test_missing_names_are_told_on_either_side() -> None:
    builder = small()
    builder.unlink(0, b"link")
    builder.add(0, b"new", directory())
    found = {(d.path, d.left) for d in Comparison(small().build(), builder.build()).differences()}
    assert (b"/link", "there") in found
    assert (b"/new", "missing") in found


def test_runs_content_reads_holes_as_zeros() -> None:
    source = BytesSource(b"0123456789")
    content = RunsContent(source, 20, [(4, 3, 1), (7, 2, 8), (15, 1, 0)])
    whole = b"\0\0\0\0" + b"123" + b"89" + b"\0" * 6 + b"0" + b"\0" * 4
    assert content.read(0, 100) == whole
    assert all(content.read(i, 3) == whole[i : i + 3] for i in range(21))
    assert list(content.extents()) == [Extent(4, 5), Extent(15, 1)]


def test_runs_past_the_source_are_an_error() -> None:
    with pytest.raises(InputError):
        RunsContent(BytesSource(b"12"), 8, [(0, 8, 0)]).read(0, 8)


def test_building_does_not_disturb_the_builder() -> None:
    builder = small()
    etc = builder.find(b"/etc") or 0
    builder.unlink(0, b"link")
    at = builder.add(etc, b"new", directory())
    first = builder.build()
    below = builder.add(at, b"below", directory())
    assert builder.find(b"/etc/new/below") == below
    assert first.find(b"/etc/new/below") is None
    assert builder.build().find(b"/etc/new/below") is not None
