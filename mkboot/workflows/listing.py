# SPDX-License-Identifier: Apache-2.0
"""``ls``: the lines, without printing them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mkboot.media.medium import OpenSlice
from mkboot.model.inspection import SliceHolds
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, Node, NodeType
from mkboot.workflows.select import look_up

#: VTOC tags.  Source: illumos sys/vtoc.h.
TAG_NAMES = {
    0: "unassigned", 1: "boot", 2: "root", 3: "swap", 4: "usr", 5: "backup", 6: "stand",
    7: "var", 8: "home", 9: "alternates",
}  # fmt: skip
_KINDS = {SliceHolds.ISO: "ISO 9660", SliceHolds.UFS: "UFS"}


def list_files(tree: FileTree, path: bytes, *, long: bool, recursive: bool) -> Iterator[str]:
    """One line for every name.

    Names in the directory ``path``, or ``path`` itself when it is none; with
    ``recursive`` every path from there down, in full.
    """
    top = look_up(tree, path)
    clean = b"/" + b"/".join(name for name in path.split(b"/") if name)
    if not tree.nodes[top].is_directory:
        yield _line(tree, top, clean, long=long)
    elif recursive:
        for full, number, _ in tree.walk(top, clean.rstrip(b"/")):
            yield _line(tree, number, full, long=long)
    else:
        for name, number in sorted(tree.children(top).items()):
            yield _line(tree, number, name, long=long)


def list_slices(slices: tuple[OpenSlice, ...]) -> Iterator[str]:
    """A heading, and a line for every slice; start and length in sectors of 512 bytes."""
    yield f"{'slice':<6}{'start':>12}{'sectors':>12}  {'tag':<12}holds"
    for each in slices:
        tag = TAG_NAMES.get(each.entry.tag, str(each.entry.tag))
        holds = _KINDS.get(each.holds, each.holds.value)
        boots = f", boot block ({each.boot_kind})" if each.boot_kind else ""
        cut = ", cut short" if each.is_cut else ""
        yield (
            f"{each.number:<6}{each.start:>12}{each.entry.sectors:>12}  {tag:<12}"
            f"{holds}{boots}{cut}"
        )


def _line(tree: FileTree, number: int, name: bytes, *, long: bool) -> str:
    node = tree.nodes[number]
    if not long:
        return show(name)
    target = f" -> {show(node.target)}" if node.type is NodeType.SYMLINK else ""
    return (
        f"{mode_text(node)} {tree.nlink(number):>3} {node.uid:>5} {node.gid:>5} "
        f"{_size(node):>12} {_date(node.mtime)} {show(name)}{target}"
    )


def mode_text(node: Node) -> str:
    """Type and permissions as ``ls -l`` writes them; ``+`` where there is an ACL."""
    letters = []
    for shift, special, sign in ((6, 0o4000, "s"), (3, 0o2000, "s"), (0, 0o1000, "t")):
        bits = node.mode >> shift
        execute = "x" if bits & 1 else "-"
        if node.mode & special:
            execute = sign if bits & 1 else sign.upper()
        letters.append(("r" if bits & 4 else "-") + ("w" if bits & 2 else "-") + execute)
    mark = "+" if node.acl or node.default_acl else ""
    return node.type.value + "".join(letters) + mark


def _size(node: Node) -> str:
    if node.device is not None:
        return f"{node.device.major},{node.device.minor}"
    return "-" if node.is_directory else str(node.size)


def _date(mtime: int) -> str:
    """UTC, whole seconds; a time that no calendar has as its number."""
    seconds = mtime // SECOND
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return str(seconds)
