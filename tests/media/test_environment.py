# SPDX-License-Identifier: Apache-2.0
"""The install environment as it boots, and a program of it wrapped."""

from __future__ import annotations

import pytest

from mkboot.demo.planting import Planter
from mkboot.errors import InputError
from mkboot.media.environment import wrap
from mkboot.media.layouts import load_layouts
from mkboot.media.paths import booted_tree
from mkboot.tree.filetree import FileTree

LAYOUTS = {layout.name: layout for layout in load_layouts()}
PROFIND = b"/usr/sbin/install.d/profind"


def miniroot() -> FileTree:
    to = Planter(resolution=1000)
    to.file(b"sbin/sh", b"shell", 0o555)
    to.file(b"usr/bin/own", b"own", 0o555)
    to.file(PROFIND, b"theirs", 0o755, 5, 7)
    to.symlink(b"lib", b"./usr/lib")
    return to.build()


def slice_0() -> FileTree:
    to = Planter(resolution=1000)
    to.file(b"Solaris_8/Tools/Boot/usr/lib/libc.so.1", b"library", 0o755)
    to.symlink(b"Solaris_8/Tools/Boot/usr/bin", b"./lib")
    return to.build()


def test_the_usr_of_the_disc_covers_the_miniroots() -> None:
    tree = booted_tree(LAYOUTS["sparc-2.6"], slice_0(), miniroot())
    for path in (b"/sbin/sh", b"/usr/lib/libc.so.1", b"/lib/libc.so.1", b"/usr/bin/libc.so.1"):
        assert tree.resolve(path) is not None, path
    assert tree.resolve(b"/usr/bin/own") is None
    assert miniroot().resolve(b"/lib/libc.so.1") is None


def test_later_layouts_have_it_all_in_the_miniroot() -> None:
    tree = booted_tree(LAYOUTS["sparc-9"], slice_0(), miniroot())
    assert tree.resolve(b"/usr/bin/own") is not None


def test_wrapping_keeps_what_was_there() -> None:
    tree = wrap(miniroot(), PROFIND, b"ours", 9)
    old, new = tree.node_at(PROFIND + b".sun"), tree.node_at(PROFIND)
    assert old is not None and new is not None
    assert (old.content.read(0, 99), new.content.read(0, 99)) == (b"theirs", b"ours")
    for node in (old, new):
        assert (node.mode, node.uid, node.gid) == (0o755, 5, 7)
    assert tree.nlink(tree.resolve(PROFIND) or 0) == 1


def test_a_link_is_renamed_as_a_link() -> None:
    builder = miniroot().edit()
    folder = builder.find(b"/usr/sbin/install.d")
    assert folder is not None
    real = builder.children(folder)[b"profind"]
    builder.link(folder, b"profind.ksh", real)
    builder.unlink(folder, b"profind")
    builder.graft(folder, b"profind", _link(b"profind.ksh"), 1)
    tree = wrap(builder.build(), PROFIND, b"ours", 9)
    old, new = tree.node_at(PROFIND + b".sun"), tree.node_at(PROFIND)
    assert old is not None and new is not None
    assert (old.target, new.target, new.uid) == (b"profind.ksh", b"", 5)


def _link(target: bytes) -> FileTree:
    to = Planter(resolution=1000)
    to.symlink(b"x", target)
    return to.build()


def test_what_cannot_be_wrapped_is_refused() -> None:
    with pytest.raises(InputError, match="not there to be wrapped"):
        wrap(miniroot(), b"/usr/sbin/profind", b"ours", 9)
    with pytest.raises(InputError, match="no plain program"):
        wrap(miniroot(), b"/usr/sbin", b"ours", 9)
    with pytest.raises(InputError, match="wrapped before"):
        wrap(wrap(miniroot(), PROFIND, b"ours", 9), PROFIND, b"ours", 9)
