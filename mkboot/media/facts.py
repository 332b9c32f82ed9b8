# SPDX-License-Identifier: Apache-2.0
"""What one real medium settles: the facts that mkboot holds as likely, read and laid open.

They are shown by ``inspect`` for any base medium, so that owners of real media can
confirm or refute them (docs/layouts.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from mkboot.errors import InputError
from mkboot.formats.bootblock import BOOT_AREA, recognise
from mkboot.formats.label import SECTOR, Label
from mkboot.media.layouts import CDTOC, SLICEMAP, load_layouts
from mkboot.media.medium import Medium
from mkboot.media.openslice import REDIRECT, OpenSlice
from mkboot.media.paths import first
from mkboot.model.inspection import Json
from mkboot.model.layout import Layout, UsrIn
from mkboot.tree.content import CHUNK
from mkboot.tree.filetree import TEXT_MAX, FileTree, read_text
from mkboot.tree.names import show
from mkboot.tree.source import ByteSource

INSTALL_CONFIG = b"/.install_config"
SYSIDCFG = b"/etc/sysidcfg"
#: What profind looks for before it looks on the disc: the mark of a factory boot.
FACTORY_GUARD = b".preinstall"

#: At most so many files of a directory, or links, are told.
_MANY = 200


def gather_facts(medium: Medium, layout: Layout | None) -> dict[str, Json]:
    """The facts of a labelled disc, as far as they can be read; an empty dict for others.

    A part that is broken is left out: findings tell of it.
    """
    if medium.label is None or medium.iso is None:
        return {}
    slice_0 = medium.iso.tree
    facts: dict[str, Json] = {
        "label": label_facts(medium.label),
        "redirects": {str(n): text for n, text in _redirects(medium)},
        "cdtoc": _text(slice_0, CDTOC),
        "slicemapfile": _text(slice_0, SLICEMAP),
        "install_config": _folder(slice_0, INSTALL_CONFIG),
        "slice_0_boot_area": boot_area_facts(medium.source),
    }
    miniroot = _miniroot(medium, layout)
    if miniroot is not None:
        facts["sysidcfg"] = sysidcfg_facts(miniroot)
        facts["etc_links"] = dict(_links(miniroot, b"/etc"))
        facts["profind"] = profind_facts(slice_0, miniroot, layout)
    return facts


def label_facts(label: Label) -> dict[str, Json]:
    """Text, volume name, rpm, cylinders, tags and flags, and the slice table."""
    return {
        "text": show(label.ascii),
        "volume": show(label.volume),
        "rpm": label.geometry.rpm,
        "ncyl": label.geometry.ncyl,
        "slices": [
            {
                "number": e.number,
                "start_cylinder": e.start_cylinder,
                "sectors": e.sectors,
                "tag": e.tag,
                "flag": e.flag,
            }
            for e in label.used
        ],
    }


def boot_area_facts(source: ByteSource) -> dict[str, Json]:
    """What lies in sectors 1 to 15 of slice 0: kind and first bytes, in hex."""
    area = source.pread(SECTOR, BOOT_AREA)
    kind = recognise(area)
    return {
        "empty": not any(area),
        "kind": kind.value if kind else None,
        "begins": area[:16].hex(" "),
        "sha256": sha256(area).hexdigest(),
    }


def sysidcfg_facts(miniroot: FileTree) -> dict[str, Json]:
    """Where /etc/sysidcfg of the miniroot points, or what else it is."""
    node = miniroot.node_at(SYSIDCFG)
    kind = "missing" if node is None else "link" if node.target else "file"
    return {"kind": kind, "target": show(node.target) if node is not None else ""}


def profind_facts(
    slice_0: FileTree, miniroot: FileTree, layout: Layout | None
) -> dict[str, Json] | None:
    """Where profind lies and whether it looks on the disc in factory boots only."""
    for candidate in (layout,) if layout is not None else load_layouts():
        on_disc = candidate.places.usr_in is UsrIn.SLICE_0
        tree = slice_0 if on_disc else miniroot
        path = first(tree, candidate.places.profind)
        text = _legible(tree, path) if path is not None else None
        if path is not None and text is not None:
            where = "slice 0" if on_disc else "miniroot"
            return {"in": where, "path": show(path), "guarded": FACTORY_GUARD in text}
    return None


def image_sha256(source: ByteSource) -> str:
    """The SHA-256 of the whole image: it is read from end to end."""
    digest = sha256()
    offset = 0
    while chunk := source.pread(offset, CHUNK):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()


def _redirects(medium: Medium) -> Iterator[tuple[int, Json]]:
    for each in medium.slices:
        try:
            text = each.redirect if _may_redirect(each) else None
        except InputError:
            continue
        if text is not None:
            yield each.number, {"name": show(REDIRECT), "bytes": show(text)}


def _may_redirect(each: OpenSlice) -> bool:
    """Boot slices are small; whole miniroots are not read for a file they never have."""
    return each.start > 0 and each.boot_block is not None


def _miniroot(medium: Medium, layout: Layout | None) -> FileTree | None:
    number = layout.miniroot_slice if layout is not None else 1
    there = medium.slice(number)
    try:
        return there.tree if there is not None else None
    except InputError:
        return None


def _legible(tree: FileTree, path: bytes) -> bytes | None:
    """The text of a file, or None where there is none or it cannot be read."""
    try:
        return read_text(tree, path)
    except InputError:
        return None


def _text(tree: FileTree, path: bytes) -> str | None:
    text = _legible(tree, path)
    return None if text is None else text.decode("utf-8", "backslashreplace")


def _folder(tree: FileTree, path: bytes) -> Json:
    """The texts of a folder's files, by name; files that are too long for a text are named."""
    number = tree.resolve(path)
    if number is None:
        return None
    texts: dict[str, Json] = {}
    for name, child in sorted(tree.children(number).items())[:_MANY]:
        node = tree.nodes[child]
        small = not node.is_directory and node.size <= TEXT_MAX
        texts[show(name)] = _text(tree, path + b"/" + name) if small else None
    return texts


def _links(tree: FileTree, path: bytes) -> Iterator[tuple[str, Json]]:
    number = tree.resolve(path)
    inside = tree.children(number) if number is not None else {}
    links = [(name, tree.nodes[child]) for name, child in sorted(inside.items())]
    for name, node in [(n, node) for n, node in links if node.target][:_MANY]:
        yield show(name), show(node.target)
