# SPDX-License-Identifier: Apache-2.0
"""Proves, before the first image is made, that this pycdlib is the one we know.

Every name that the adapter uses must be there, and a small image with one of everything
must read back, by our own reader, as the tree it was made from.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache

from pycdlib.pycdlibexception import PyCdlibException

from mkboot.errors import BugError, InputError
from mkboot.formats.iso.adapter import INTERNALS
from mkboot.formats.iso.image import IsoImage
from mkboot.formats.iso.reader import read_iso
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory, symlink
from mkboot.tree.source import BytesSource

LayOut = Callable[[FileTree, str, int], IsoImage]
_HINT = "install the pycdlib version that mkboot was made for (see its dependencies)"


@lru_cache(maxsize=1)
def check_once(lay_out: LayOut) -> None:
    """Raise ``BugError`` unless the adapter and pycdlib fit together; costs a few ms, once."""
    for kind, names in INTERNALS:
        for name in names:
            if not hasattr(kind, name):
                raise BugError(f"pycdlib's {kind.__name__} has no {name}", hint=_HINT)
    tree = _sample()
    try:
        found = _read_back(lay_out(tree, "SELFCHECK", 86400))
    except (AttributeError, TypeError, ValueError, struct.error, PyCdlibException) as e:
        raise BugError(f"pycdlib does not work as expected: {e!r}", hint=_HINT) from e
    except InputError as e:
        raise BugError(f"pycdlib made an image that is broken: {e}", hint=_HINT) from e
    for difference in Comparison(tree, found).differences():
        path, text = show(difference.path), f"{difference.left} became {difference.right}"
        raise BugError(f"pycdlib: {difference.field} of {path}: {text}", hint=_HINT)
    _compare_times(tree, found)


def _read_back(image: IsoImage) -> FileTree:
    data = bytearray()
    image.stream(data.extend)
    if len(data) != image.size or any(data[: 16 * 2048]):
        raise BugError("pycdlib: wrong size, or something in the first 32 KiB", hint=_HINT)
    volume = read_iso(BytesSource(bytes(data)))
    if volume.size != image.size or volume.findings:
        raise BugError(f"pycdlib: an image with findings: {volume.findings}", hint=_HINT)
    return volume.tree


def _compare_times(left: FileTree, right: FileTree) -> None:
    for path, number, node in left.walk():
        other = right.find(path)
        twin = right.nodes[other] if other is not None else node
        if (node.atime, node.ctime) != (twin.atime, twin.ctime):
            raise BugError(f"pycdlib: times of node {number} are mixed up", hint=_HINT)


def _sample() -> FileTree:
    """A tree with one of everything that the adapter treats in its own way."""
    builder = TreeBuilder(directory(0o751, 7, 8, 9 * SECOND), resolution=SECOND)
    at = ROOT
    for depth in range(17):
        node = directory(0o700 + depth, depth, depth + 1, depth * SECOND)
        at = builder.add(at, b"d" * (1 if depth < 5 else 100 + depth), node)
    file = builder.add(at, b"f", _node(NodeType.FILE, BytesContent(b"abc" * 1000)))
    builder.link(ROOT, b"other name\n\xff", file)
    builder.add(ROOT, b"n" * 255, _node(NodeType.FILE, BytesContent(b"x")))
    builder.add(ROOT, b"N" * 255, _node(NodeType.FILE, BytesContent(b"")))
    builder.add(ROOT, b"fifo", _node(NodeType.FIFO))
    builder.add(ROOT, b"tty", _node(NodeType.CHAR, device=Device(24, 300)))
    builder.add(ROOT, b"b" * 200, _node(NodeType.BLOCK, device=Device(32, 7)))
    builder.add(ROOT, b"link", symlink(b"/./../" + b"c" * 1000 + b"/" + b"/x" * 1500, 1, 2))
    return builder.build()


def _node(
    kind: NodeType, content: BytesContent | None = None, device: Device | None = None
) -> Node:
    times = (100 * SECOND, 200 * SECOND, 300 * SECOND)
    return Node(kind, 0o4751, 70000, 3, *times, content or BytesContent(b""), device=device)
