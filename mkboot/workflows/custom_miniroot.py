# SPDX-License-Identifier: Apache-2.0
"""Seed and wrap for a custom install disc: the search for rules, the answers, the flag."""

from __future__ import annotations

from mkboot.errors import InputError
from mkboot.media.base import BaseMedium
from mkboot.media.environment import SUN, wrap
from mkboot.media.paths import first
from mkboot.model.layout import Layout, UsrIn
from mkboot.recovery.paths import HANDS_FREE
from mkboot.recovery.seeds import NFS4_STATE, profind_wrapper
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, NodeType
from mkboot.workflows.miniroot import SYSIDCFG, answers_are_seeded, put_file


def wrapped(
    layout: Layout, slice_0: FileTree, miniroot: FileTree, time: int
) -> tuple[FileTree, FileTree]:
    """Both with profind wrapped where it lies in them; one that is wrapped already stays so."""
    places = layout.places
    tree = miniroot if places.usr_in is UsrIn.MINIROOT else slice_0
    path = first(tree, places.profind)
    if path is None and tree.resolve(places.profind.encode()) is not None:
        path = places.profind.encode()
    if path is None:
        raise InputError(f"the base medium has no {places.profind}")
    if not _is_wrapped(tree, path):
        tree = wrap(tree, path, profind_wrapper(), time * SECOND)
    return (slice_0, tree) if places.usr_in is UsrIn.MINIROOT else (tree, miniroot)


def _is_wrapped(tree: FileTree, path: bytes) -> bool:
    """Whether a custom disc is customised again."""
    number = tree.resolve(path)
    if number is None or tree.resolve(path + SUN) is None:
        return False
    ours = profind_wrapper()
    node = tree.nodes[number]
    return node.size == len(ours) and node.content.read(0, len(ours)) == ours


def seeded(
    miniroot: FileTree, base: BaseMedium, answers: bytes, time: int, *, hands_free: bool, made: bool
) -> FileTree:
    """The miniroot with sysid's answers, and with the hands-free flag or without it.

    Where the answers are ``made`` by mkboot, what Solaris 10 wants besides them comes along.
    """
    places = base.layout.places
    builder = miniroot.edit()
    at = time * SECOND
    put_file(builder, places.sysidcfg.encode(), answers, at)
    if not answers_are_seeded(miniroot, base.layout):
        put_file(builder, SYSIDCFG, answers, at)
    if made and base.release == "10":
        put_file(builder, f"{places.seed}/{NFS4_STATE}".encode(), b"", at)
    flag = f"{places.seed}/{HANDS_FREE}".encode()
    if hands_free:
        put_file(builder, flag, b"", at)
    else:
        _without(builder, flag)
    return builder.build()


def _without(builder: TreeBuilder, path: bytes) -> None:
    """No file at ``path``: a base may have been made hands-free before."""
    folder, _, name = path.rpartition(b"/")
    parent, number = builder.find(folder), builder.find(path)
    if parent is not None and number is not None and builder.node(number).type is NodeType.FILE:
        builder.unlink(parent, name)
