# SPDX-License-Identifier: Apache-2.0
"""A base medium: the user's own install disc, opened, its layout found, nothing copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.bootblock import BootBlockKind
from mkboot.formats.iso import IsoVolume
from mkboot.formats.label import FLAG_READONLY, SECTOR, TAG_ROOT, Label
from mkboot.media.facts import gather_facts
from mkboot.media.layouts import (
    find_layout,
    know_stranger,
    load_layouts,
    missed,
    plain_release,
    product_version,
)
from mkboot.media.medium import Medium
from mkboot.media.openslice import OpenSlice
from mkboot.media.paths import booted
from mkboot.model.inspection import Json
from mkboot.model.layout import BootSlice, Layout
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSource


@dataclass(frozen=True, slots=True)
class BaseSlice:
    """A boot slice of a base medium: ``window`` is its raw bytes, boot area and all.

    ``kind`` is None for a boot block of a form that mkboot does not know: it is copied all
    the same.  ``redirect`` is what its redirect file says, from the digit on.  ``tag`` and
    ``flag`` are those of a disc's slice where the label has no VTOC to say them.
    """

    number: int
    arch: str
    window: ByteSource
    kind: BootBlockKind | None
    redirect: bytes
    tag: int
    flag: int


@dataclass(frozen=True, slots=True)
class BaseMedium:
    """A base medium that fits ``layout``.  Everything is by reference into ``source``.

    ``slices`` are the boot slices that have a boot block.  ``missing_commands`` are those
    of the layout's commands that are not on the medium.
    """

    path: Path
    source: ByteSource
    label: Label
    iso: IsoVolume
    layout: Layout
    release: str
    miniroot: FileTree
    miniroot_parameters: UfsParameters
    miniroot_window: ByteSource
    slices: tuple[BaseSlice, ...]
    missing_commands: tuple[str, ...]
    facts: Mapping[str, Json]


def read_base(path: Path) -> BaseMedium:
    """Open a base medium.

    Raises ``InputError`` for a medium that fits no layout (it says, for each layout, what
    was missed), one that is known and not supported, and one that is cut short.
    """
    medium = Medium(path)
    place = (str(path),)
    label, iso = _label_and_iso(medium, place)
    try:
        layout = _layout(medium, iso.tree)
        return _base(medium, label, iso, layout)
    except InputError as e:
        raise e.inside(*place) from e


def _base(medium: Medium, label: Label, iso: IsoVolume, layout: Layout) -> BaseMedium:
    miniroot = medium.slice(layout.miniroot_slice)
    if miniroot is None or miniroot.ufs is None or miniroot.tree is None:
        raise InputError(f"slice {layout.miniroot_slice} holds no UFS to be the miniroot")
    slices = tuple(s for b in layout.boot_slices if (s := _boot_slice(medium, layout, b)))
    if not slices:
        raise InputError("no slice has a boot block: nothing could boot from a copy of it")
    tree = miniroot.tree
    return BaseMedium(
        path=medium.path,
        source=medium.source,
        label=label,
        iso=iso,
        layout=layout,
        release=plain_release(product_version(iso.tree) or ""),
        miniroot=tree,
        miniroot_parameters=miniroot.ufs.parameters,
        miniroot_window=miniroot.window,
        slices=slices,
        missing_commands=tuple(c for c in layout.commands if not booted(layout, iso.tree, tree, c)),
        facts=gather_facts(medium, layout),
    )


def _label_and_iso(medium: Medium, place: tuple[str, ...]) -> tuple[Label, IsoVolume]:
    """The two without which nothing else is asked."""
    label = medium.label
    if label is None or not medium.label_is_valid:
        raise InputError(
            "has no valid Sun label, so it is no SPARC install disc",
            place=place,
            hint="mkboot inspect says what it is; copies made file by file lose the label",
        )
    if medium.iso is None:
        problem = medium.iso_problem
        why = problem.bare if problem is not None else "there is none"
        raise InputError(f"slice 0 has no readable ISO 9660: {why}", place=place)
    end = max((label.start(e.number) + e.sectors for e in label.used), default=0)
    if end * SECTOR > medium.size:
        raise InputError(
            f"is cut short: its label wants {end} sectors, here are {medium.size // SECTOR}",
            place=place,
            hint="read the disc again, whole: copies that end with the ISO cannot boot",
        )
    return label, medium.iso


def _layout(medium: Medium, slice_0: FileTree) -> Layout:
    stranger = know_stranger(slice_0)
    if stranger is not None:
        raise InputError(f"{stranger.what}: not supported as a base medium yet")
    found = find_layout(slice_0, medium.tree_in)
    if found is not None:
        return found
    said: list[str] = []
    for layout in load_layouts():
        lacks = missed(layout, slice_0, medium.tree_in(layout.miniroot_slice))
        said.append(f"{layout.name}: {', '.join(lacks)}")
    raise InputError(f"fits no layout ({'; '.join(said)})")


def _boot_slice(medium: Medium, layout: Layout, wanted: BootSlice) -> BaseSlice | None:
    """The boot slice, or None where the medium does not have it or has it empty."""
    there = medium.slice(wanted.slice)
    if there is None or there.boot_block is None or there.start == 0:
        return None
    has_vtoc = medium.label is not None and medium.label.has_vtoc
    return BaseSlice(
        number=wanted.slice,
        arch=wanted.arch,
        window=there.window,
        kind=there.boot_kind,
        redirect=_redirect(there, layout.miniroot_slice),
        tag=there.entry.tag if has_vtoc else TAG_ROOT,
        flag=there.entry.flag if has_vtoc else FLAG_READONLY,
    )


def _redirect(there: OpenSlice, miniroot: int) -> bytes:
    text = there.redirect
    if text is None or not text[:1].isdigit():
        raise InputError("has a boot block, but no file that redirects it", place=(there.place,))
    if int(text[:1]) != miniroot:
        raise InputError(
            f"redirects to slice {int(text[:1])}, but the miniroot is in slice {miniroot}",
            place=(there.place,),
        )
    return text
