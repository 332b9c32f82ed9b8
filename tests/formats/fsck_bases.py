# SPDX-License-Identifier: Apache-2.0
"""The file system that faults are planted in: small, with one of everything."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from ufs_making import image_of, noise

from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import (
    SECOND,
    AclEntry,
    Attribute,
    Device,
    Node,
    NodeType,
    directory,
    regular,
    symlink,
)

T = 1_000_000_000 * SECOND
#: Several groups, tracks, rotational tables, a stagger, a last group cut short.
SHAPE = UfsParameters(14001, 63, 4, cpg=16, nbpi=8192)
ACCESS = tuple(
    AclEntry(tag, who, perm)
    for tag, who, perm in ((1, 0, 6), (2, 70000, 4), (4, 0, 4), (0x10, 0, 4), (0x20, 0, 0))
)
DEFAULT = tuple(AclEntry(0x1000 | e.tag, e.who, e.perm) for e in ACCESS)


def base_tree() -> FileTree:
    builder = TreeBuilder(directory(mtime=T))

    def add(name: bytes, node: Node, parent: int = 0) -> int:
        return builder.add(parent, name, node)

    plain = regular(noise(3000), 0o640, 5, 6, T)
    attributes = (Attribute(b"icon", plain), Attribute(b"other", regular(noise(9000), mtime=T)))
    add(b"plain", plain)
    add(b"plain2", regular(noise(2000), mtime=T))
    add(b"blocks", regular(noise(2 * 8192 + 3000), mtime=T))
    add(b"whole", regular(noise(3 * 8192), mtime=T))
    add(b"full", regular(noise(12 * 8192), mtime=T))
    big = add(b"big", regular(noise(300_000), mtime=T))
    add(b"double", regular(noise(20 << 20, (0, 1), (18 << 20, 20_000)), mtime=T))
    add(b"empty", regular(noise(0), mtime=T))
    add(b"one", replace(plain, acl=ACCESS))
    add(b"two", replace(plain, acl=ACCESS))
    add(b"dir", replace(directory(0o755, 1, 2, T), acl=ACCESS, default_acl=DEFAULT))
    add(b"noted", replace(plain, attributes=attributes))
    add(b"noted2", replace(plain, attributes=attributes[:1]))
    add(b"link", symlink(b"target/of/it", mtime=T))
    add(b"fifo", Node(NodeType.FIFO, 0o600, 0, 0, T, T, T))
    add(b"socket", Node(NodeType.SOCKET, 0o600, 0, 0, T, T, T))
    add(b"char", Node(NodeType.CHAR, 0o600, 0, 0, T, T, T, device=Device(13, 2)))
    above = add(b"a", directory(mtime=T))
    inner = add(b"b", directory(mtime=T), above)
    add(b"c", directory(mtime=T), inner)
    builder.link(inner, b"hard", big)
    large = add(b"large", directory(mtime=T))
    for n in range(120):
        add(b"%03d" % n + b"x" * 197, regular(noise(n % 3), mtime=T), large)
    return builder.build()


@cache
def base_image(order: Literal["big", "little"]) -> bytes:
    """The whole image."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image"
        image_of(path, base_tree(), SHAPE, byte_order=order)
        return path.read_bytes()
