# SPDX-License-Identifier: Apache-2.0
"""Putting files and directories of this machine onto slice 0 of a disc."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.directory import read_directory
from mkboot.tree.content import EMPTY, Content, SpanContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show, split_path
from mkboot.tree.node import SECOND, Node, NodeType, directory, regular
from mkboot.tree.source import FileSource

#: What is done to each node before it is put in.
Change = Callable[[Node], Node]


def settled(newest: int | None, *, keep_owners: bool | None = None) -> Change:
    """A change that makes nodes the same whoever reads them, and whenever.

    Owners are root's unless root runs this.  The three times become one, whole seconds and not
    later than ``newest`` (seconds; None: as it is).
    """
    keep = os.geteuid() == 0 if keep_owners is None else keep_owners

    def change(node: Node) -> Node:
        second = node.mtime // SECOND
        time = (second if newest is None else min(second, newest)) * SECOND
        uid, gid = (node.uid, node.gid) if keep else (0, 0)
        return replace(node, uid=uid, gid=gid, mtime=time, atime=time, ctime=time)

    return change


def read_source(path: Path, change: Change) -> Node | FileTree:
    """A file as a node, or a directory as a tree, links at ``path`` itself followed.

    Raises ``CallerError`` for what is not there or is neither.
    """
    try:
        status = path.stat()
    except OSError as e:
        raise CallerError(f"{path}: {e.strerror}") from e
    if stat.S_ISDIR(status.st_mode):
        return changed_tree(read_directory(path), change)
    if not stat.S_ISREG(status.st_mode):
        raise CallerError(f"{path}: neither a file nor a directory")
    try:
        content: Content = EMPTY
        if status.st_size:
            content = SpanContent(FileSource(path), status.st_size, 0)
    except OSError as e:
        raise CallerError(f"{path}: {e.strerror}") from e
    mode = stat.S_IMODE(status.st_mode)
    return change(regular(content, mode, status.st_uid, status.st_gid, status.st_mtime_ns))


def changed_tree(tree: FileTree, change: Change) -> FileTree:
    """The tree with each node changed; sockets, which no disc holds, are refused by path."""
    builder = tree.edit()
    for path, number, node in tree.walk():
        if node.type is NodeType.SOCKET:
            raise InputError(f"{show(path)} is a socket")
        builder.replace(number, change(node))
    return builder.build()


def put(builder: TreeBuilder, dest: bytes, what: Node | FileTree, name: bytes, time: int) -> bytes:
    """Put a file or a directory at ``dest``; where it lies then.

    A directory that is there takes a file in under ``name``, and is merged with a directory.
    Folders that are missing are made, with ``time`` (nanoseconds).  Raises ``InputError``
    where a file and a directory meet.
    """
    names = split_path(dest)
    there = builder.find(dest)
    into = there is not None and builder.node(there).is_directory
    if isinstance(what, Node) and (into or dest.endswith(b"/") or not names):
        names = (*names, name)
    if isinstance(what, FileTree):
        at = builder.make_directories(b"/".join(names), directory(0o755, mtime=time))
        _merge(builder, at, what, ROOT)
        return b"/" + b"/".join(names)
    parent = builder.make_directories(b"/".join(names[:-1]), directory(0o755, mtime=time))
    _put_file(builder, parent, names[-1], what)
    return b"/" + b"/".join(names)


def _put_file(builder: TreeBuilder, parent: int, name: bytes, node: Node) -> int:
    old = builder.children(parent).get(name)
    if old is not None:
        if builder.node(old).is_directory:
            raise InputError(f"a directory '{show(name)}' is there already")
        builder.unlink(parent, name)
    return builder.add(parent, name, node)


def _merge(builder: TreeBuilder, into: int, tree: FileTree, top: int) -> None:
    """Copy what lies below ``top``; hard links among it are kept."""
    known: dict[int, int] = {}
    stack = [(into, top)]
    while stack:
        at, number = stack.pop()
        for name, child in tree.children(number).items():
            node = tree.nodes[child]
            old = builder.children(at).get(name)
            if node.is_directory:
                if old is None:
                    old = builder.add(at, name, node)
                elif not builder.node(old).is_directory:
                    raise InputError(f"a file '{show(name)}' is there already")
                stack.append((old, child))
            elif child in known:
                if old is not None:
                    builder.unlink(at, name)
                builder.link(at, name, known[child])
            else:
                known[child] = _put_file(builder, at, name, node)
