# SPDX-License-Identifier: Apache-2.0
"""``extract``, ``cat`` and ``tar``: files out of any container."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mkboot.errors import CallerError, InputError
from mkboot.formats.directory import Unkept, write_directory
from mkboot.formats.tar import write_tar
from mkboot.model.finding import Finding
from mkboot.progress import Progress
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import NodeType
from mkboot.workflows.reach import Container, Reached, join_paths, reach
from mkboot.workflows.select import only


def reach_at(spec: str, path: str | None) -> tuple[Reached, bytes]:
    """What ``spec`` names, and the path meant in it: what stood behind ``SET:``, then ``path``."""
    inside = os.fsencode(path or "")
    reached = reach(spec, [inside])
    return reached, join_paths(reached.path, inside)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What could not be kept, and what a damaged dump has lost."""

    unkept: tuple[Unkept, ...]
    losses: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Tarred:
    """The paths of sockets, which tar cannot hold, and what a damaged dump has lost."""

    sockets: tuple[bytes, ...]
    losses: tuple[Finding, ...]


def extract(
    spec: str, out: Path, paths: Sequence[str], *, force: bool, progress: Progress
) -> Extracted:
    """Write the files at ``paths`` (all, if there are none) below ``out``.

    They get their full path from the container's root.  Returns what could not be kept.
    """
    inside = [os.fsencode(path) for path in paths]
    reached = reach(spec, inside)
    wanted = [join_paths(reached.path, path) for path in inside]
    if not wanted and reached.kind is Container.HOST:
        wanted = [reached.path]
    tree = only(reached.files(), wanted)
    with progress.step("extract", _total(tree), "bytes") as step:
        whole = not wanted
        unkept = write_directory(tree, out, force=force, top=whole, advance=step.advance)
    return Extracted(unkept, reached.losses)


def cat(spec: str, path: str | None, write: Callable[[bytes], object]) -> None:
    """Hand on the bytes of one file; links are followed inside the container."""
    reached, where = reach_at(spec, path)
    tree = reached.files()
    number = tree.resolve(where)
    if number is None:
        for loss in reached.losses:
            if loss.place.endswith(f": {show(where)}"):
                raise InputError(loss.message, place=(show(where),))
        raise CallerError(f"there is no {show(where)}")
    node = tree.nodes[number]
    if node.type is not NodeType.FILE:
        raise CallerError(f"{show(where)} is no file but a {node.type.name.lower()}")
    try:
        for chunk in node.content.chunks():
            write(chunk)
    except InputError as e:
        raise e.inside(show(where)) from e


def tar(spec: str, out: BinaryIO, progress: Progress) -> Tarred:
    """Write a tar stream."""
    reached = reach(spec)
    tree = reached.top()
    total = sum(node.content.size for node in tree.nodes)
    with progress.step("tar", total, "bytes") as step:
        sockets = write_tar(tree, out, advance=step.advance)
    return Tarred(sockets, reached.losses)


def _total(tree: FileTree) -> int:
    """Bytes of data in all files; holes do not count."""
    return sum(length for node in tree.nodes for _, length in node.content.extents())
