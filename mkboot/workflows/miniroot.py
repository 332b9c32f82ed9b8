# SPDX-License-Identifier: Apache-2.0
"""The miniroot of volume 1: the base's, with the seeds that keep it from asking, and the text
that tells how to restore by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mkboot.errors import InputError
from mkboot.formats.ufs import fits, parameters_for
from mkboot.media.base import BaseMedium
from mkboot.model.layout import Layout
from mkboot.model.values import UfsParameters
from mkboot.recovery.seeds import miniroot_files
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, NodeType, directory, regular
from mkboot.workflows.room import miniroot_bytes

if TYPE_CHECKING:
    from mkboot.model.manifest import SetManifest

FOLDER = b"mkboot"
#: Where the install environment looks for the answers to its questions.
SYSIDCFG = b"/etc/sysidcfg"


def miniroot_tree(tree: FileTree, layout: Layout, manifest: SetManifest) -> FileTree:
    """The miniroot ``tree`` with its seeds, and with ``/mkboot/README.TXT``, readable before
    any disc is mounted.
    """
    builder = tree.edit()
    time = manifest.created * SECOND
    if builder.find(FOLDER) is not None:
        raise InputError("the miniroot has a /mkboot of its own")
    folder = builder.add(0, FOLDER, directory(0o755, mtime=time))
    from mkboot.recovery.readme import readme

    text = readme(manifest, 1).encode("ascii")
    builder.add(folder, b"README.TXT", regular(BytesContent(text), 0o444, mtime=time))
    for path, data in miniroot_files(manifest, layout).items():
        put_file(builder, path.encode(), data, time)
        if path == layout.places.sysidcfg and not answers_are_seeded(tree, layout):
            put_file(builder, SYSIDCFG, data, time)
    return builder.build()


def answers_are_seeded(tree: FileTree, layout: Layout) -> bool:
    """Whether /etc/sysidcfg is a link to where the seed will be: /tmp, which is filled from
    the folder of the seeds.  A plain file in its place must hold the answers itself.
    """
    node = tree.node_at(SYSIDCFG)
    if node is None or node.type is not NodeType.SYMLINK:
        return False
    wanted = b"/tmp" + layout.places.sysidcfg.removeprefix(layout.places.seed).encode()
    target = node.target if node.target.startswith(b"/") else b"/etc/" + node.target
    return _plain(target) == wanted


def _plain(path: bytes) -> bytes:
    """``/etc/../tmp/x`` as ``/tmp/x``."""
    names: list[bytes] = []
    for name in path.split(b"/"):
        if name == b"..":
            names = names[:-1]
        elif name not in (b"", b"."):
            names.append(name)
    return b"/" + b"/".join(names)


def put_file(builder: TreeBuilder, path: bytes, data: bytes, time: int) -> None:
    """A file, in place of what has its name; folders that are missing are made."""
    folder, _, name = path.rpartition(b"/")
    parent = builder.make_directories(folder, directory(0o755, mtime=time)) if folder else 0
    old = builder.children(parent).get(name)
    if old is not None and builder.node(old).is_directory:
        raise InputError(f"the miniroot has a directory {show(path)}")
    if old is not None:
        builder.unlink(parent, name)
    builder.add(parent, name, regular(BytesContent(data), 0o644, mtime=time))


def miniroot_parameters(base: BaseMedium, tree: FileTree) -> UfsParameters:
    """The base's own geometry where the tree still fits, else one that it fits.

    Either way not larger than the slice is, unless it has to be.
    """
    captured = replace(base.miniroot_parameters, minfree=0)
    if fits(tree, captured) is None:
        return captured
    roomy = replace(captured, size=miniroot_bytes(base) // 512)
    if fits(tree, roomy) is None:
        return roomy
    return parameters_for(tree)
