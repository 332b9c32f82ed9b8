# SPDX-License-Identifier: Apache-2.0
"""The miniroot of volume 1: the base's, plus the text that tells how to restore by hand."""

from __future__ import annotations

from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.ufs import fits, parameters_for
from mkboot.media.base import BaseMedium
from mkboot.model.manifest import SetManifest
from mkboot.model.values import UfsParameters
from mkboot.recovery.readme import readme
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import SECOND, directory, regular
from mkboot.workflows.room import miniroot_bytes

FOLDER = b"mkboot"


def miniroot_tree(base: BaseMedium, manifest: SetManifest) -> FileTree:
    """The base's miniroot with ``/mkboot/README.TXT``, readable before any disc is mounted."""
    builder = base.miniroot.edit()
    time = manifest.created * SECOND
    if builder.find(FOLDER) is not None:
        raise InputError("the miniroot has a /mkboot of its own", place=(base.path.name,))
    folder = builder.add(0, FOLDER, directory(0o755, mtime=time))
    text = readme(manifest, 1).encode("ascii")
    builder.add(folder, b"README.TXT", regular(BytesContent(text), 0o444, mtime=time))
    return builder.build()


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
