# SPDX-License-Identifier: Apache-2.0
"""Mending an image that lacks its label or its boot slices, with a boot block at hand.

The slices from which a Sun boots are small on media of 2.6 and later: a boot block, and a
file that sends it to the miniroot.  They can be made again; the miniroot itself cannot.
What is made up is told, line by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats import bootblock
from mkboot.formats.label import (
    FLAG_READONLY,
    SECTOR,
    TAG_ROOT,
    TAG_USR,
    Label,
    SliceEntry,
    disc_label,
    edit_label,
    write_label,
)
from mkboot.formats.ufs import looks_like_ufs, parameters_for, write_ufs
from mkboot.media.codes import advice
from mkboot.media.copy.donors import USUAL, Donor, choose
from mkboot.media.disc import CYLINDER, LABEL_TEXT
from mkboot.media.inspect import inspect_image
from mkboot.media.medium import Medium, data_end
from mkboot.media.openslice import REDIRECT, OpenSlice
from mkboot.media.regions import Region, compose, copy_source, put_bytes
from mkboot.model.finding import Finding, Severity, warning
from mkboot.model.inspection import Json
from mkboot.model.values import UfsParameters
from mkboot.output import complete_file
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import ByteSink, Window

_STEP = CYLINDER * SECTOR
#: The resolution of times in a UFS.
_MICROSECOND = 1000


@dataclass(frozen=True, slots=True)
class Mended:
    """What was written: what of it was made up, and what an inspection finds in it."""

    size: int
    made_up: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is left that would keep it from booting."""
        return not any(f.severity is Severity.ERROR for f in self.findings)

    def as_json(self) -> dict[str, Json]:
        """The document that docs/copy.md describes."""
        return {
            "verdict": "mended" if self.sound else "bad",
            "size": self.size,
            "made_up": list(self.made_up),
            "findings": [dict(f.as_json()) for f in self.findings],
        }


@dataclass
class _Plan:
    """The slices of the new image; ``made`` are those that get a new content."""

    entries: list[SliceEntry]
    made: dict[int, Donor] = field(default_factory=dict)
    blocks: dict[int, Donor] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def mend_image(
    medium: Medium, donors: tuple[Donor, ...], out: Path, *, time: int, force: bool
) -> Mended:
    """Write ``out``: ``medium`` with its label and boot slices made again where they lack.

    Raises ``InputError`` where nothing lacks, where the miniroot does, and for what is no
    disc; ``CallerError`` where ``out`` exists.
    """
    if medium.iso is None:
        raise InputError("no disc: there is no ISO 9660 to be read", place=(str(medium.path),))
    labelled = medium.label if medium.label_is_valid else None
    slices = medium.slices if labelled is not None else tuple(_found(medium))
    miniroot = _miniroot(medium, slices)
    plan = _plan(slices, miniroot, donors, labelled)
    if not plan.said:
        raise InputError("nothing is missing that could be made", place=(str(medium.path),))
    label = _label(labelled, plan)
    regions = _regions(medium, label, plan, miniroot.number, time)
    with complete_file(out, force=force) as partial_:
        size = compose(partial_, regions)
    told = "; ".join(plan.said)
    found = inspect_image(out).findings
    mended = warning("copy-mended", "image", f"made up: {told}", advice("copy-mended"))
    return Mended(size, tuple(plan.said), (mended, *found))


def _found(medium: Medium) -> Iterator[OpenSlice]:
    """Slices of an image without a label: UFSs on cylinders behind the files of the ISO.

    They were numbered in the order in which they lie.
    """
    iso = medium.iso
    at = -(-(data_end(iso) if iso is not None else 0) // _STEP) * _STEP
    number = 1
    while at < medium.size and number < 8:
        rest = Window(medium.source, at, medium.size - at)
        length = _STEP
        if looks_like_ufs(rest):
            open_end = SliceEntry(number, at // _STEP, rest.size // SECTOR)
            ufs = OpenSlice(medium.source, open_end, at // SECTOR).ufs
            if ufs is not None:
                length = max(_STEP, -(-ufs.parameters.size * SECTOR // _STEP) * _STEP)
                sized = replace(
                    open_end, sectors=length // SECTOR, tag=TAG_ROOT, flag=FLAG_READONLY
                )
                yield OpenSlice(medium.source, sized, at // SECTOR)
                number += 1
        at += length


def _miniroot(medium: Medium, slices: tuple[OpenSlice, ...]) -> OpenSlice:
    """The first slice with a UFS that redirects nowhere, all of it there."""
    for each in slices:
        if each.number > 0 and each.ufs is not None and each.redirect is None:
            if each.ufs.parameters.size * SECTOR > each.window.size:
                break
            return each
    raise InputError(
        "the miniroot, to which the boot slices send, is not in the image: no boot block brings "
        "it back",
        place=(str(medium.path),),
        hint="copy the disc again, to its very end: mkboot copy",
    )


def _plan(
    slices: tuple[OpenSlice, ...],
    miniroot: OpenSlice,
    donors: tuple[Donor, ...],
    label: Label | None,
) -> _Plan:
    plan = _Plan([])
    if label is None:
        plan.said.append("the label: its slices were found by what is in them")
        iso_end = min((s.start for s in slices), default=0)
        plan.entries.append(SliceEntry(0, 0, iso_end, TAG_USR, FLAG_READONLY))
    for each in slices:
        if each.number == 0 or each is miniroot or each.covers_all or not _lacks(each):
            plan.entries.append(each.entry)
        elif _may_be_made(each):
            _make(plan, each, donors)
        else:
            plan.entries.append(each.entry)
    if label is None:
        _append(plan, donors)
    return plan


def _lacks(each: OpenSlice) -> bool:
    """Whether a slice is not what machines could boot from."""
    whole = not each.is_cut and each.ufs is not None and each.redirect is not None
    return not (whole and each.boot_kind is not None)


def _may_be_made(each: OpenSlice) -> bool:
    """Whether it is the place of a boot slice: nothing of another kind is in it."""
    if each.number not in USUAL:
        return False
    return each.is_cut or each.ufs is None or each.redirect is not None


def _make(plan: _Plan, each: OpenSlice, donors: tuple[Donor, ...]) -> None:
    donor = choose(donors, each.number)
    arch = USUAL[each.number].arch
    if donor is None:
        plan.said.append(
            f"slice {each.number} ({arch}) is taken out of the label: it is not in the image, and "
            "no boot block for it was given"
        )
        plan.entries.append(SliceEntry(each.number, 0, 0))
        return
    plan.entries.append(each.entry)
    if not each.is_cut and each.ufs is not None and each.redirect is not None:
        plan.blocks[each.number] = donor
        plan.said.append(f"the boot block of slice {each.number} ({arch}), from {donor.said}")
    else:
        plan.made[each.number] = donor
        plan.said.append(
            f"slice {each.number} ({arch}): a file that redirects, and the boot block from "
            f"{donor.said}"
        )


def _append(plan: _Plan, donors: tuple[Donor, ...]) -> None:
    """Boot slices that no label names, behind the last one."""
    size = redirect_parameters().size
    at = max(e.start_cylinder * CYLINDER + e.sectors for e in plan.entries)
    for number in sorted(USUAL):
        donor = choose(donors, number)
        if donor is None or any(e.number == number for e in plan.entries):
            continue
        length = -(-size // CYLINDER) * CYLINDER
        plan.entries.append(SliceEntry(number, at // CYLINDER, length, TAG_ROOT, FLAG_READONLY))
        plan.made[number] = donor
        plan.said.append(
            f"slice {number} ({USUAL[number].arch}), at the end: a file that redirects, and the "
            f"boot block from {donor.said}"
        )
        at += length


def _label(label: Label | None, plan: _Plan) -> Label:
    if label is None:
        return disc_label(plan.entries, LABEL_TEXT)
    gone = [e for e in plan.entries if not e.sectors]
    return edit_label(label, slices=gone) if gone else label


def _regions(
    medium: Medium, label: Label, plan: _Plan, miniroot: int, time: int
) -> tuple[Region, ...]:
    """Sector 0, then what is kept and what is made, in their order."""
    cylinder = label.geometry.cylinder * SECTOR
    places = {e.number: (e.start_cylinder * cylinder, e.sectors * SECTOR) for e in plan.entries}
    made: list[Region] = []
    for number, donor in plan.made.items():
        start, size = places[number]
        fill = partial(_fill, donor.block, miniroot, time)
        made.append(Region(f"slice {number}", start, size, fill))
    for number, donor in plan.blocks.items():
        start = places[number][0] + SECTOR
        block = donor.block.ljust(bootblock.BOOT_AREA, b"\0")
        made.append(Region(f"boot block of slice {number}", start, len(block), put_bytes(block)))
    regions = [Region("label", 0, SECTOR, put_bytes(write_label(label)))]
    end = max(start + size for start, size in places.values())
    at = SECTOR
    for each in [*sorted(made, key=lambda r: r.offset), None]:
        stop = end if each is None else each.offset
        regions += _kept(medium, at, stop)
        if each is not None:
            regions.append(each)
            at = each.end
    return tuple(regions)


def _kept(medium: Medium, start: int, stop: int) -> Iterator[Region]:
    """Bytes of the source, and zeros where it has none."""
    window = Window(medium.source, start, max(0, stop - start))
    if window.size:
        yield Region("the source", start, window.size, copy_source(window))
    if start + window.size < stop:
        yield Region("padding", start + window.size, stop - start - window.size)


def redirect_tree(miniroot: int, time: int = 0) -> FileTree:
    """What a boot slice holds: the digit of the miniroot's slice."""
    when = time * SECOND
    builder = TreeBuilder(directory(0o755, 0, 0, when), resolution=_MICROSECOND)
    content = BytesContent(str(miniroot).encode())
    builder.add(ROOT, REDIRECT.lstrip(b"/"), regular(content, 0o644, 0, 3, when))
    return builder.build()


def redirect_parameters() -> UfsParameters:
    """The file system of a boot slice."""
    return parameters_for(redirect_tree(1))


def _fill(block: bytes, miniroot: int, time: int, sink: ByteSink) -> None:
    """A boot slice: the UFS, and the boot block before it."""
    parameters = redirect_parameters()
    if parameters.size * SECTOR > sink.size:
        raise InputError(f"a slice of {sink.size} bytes has no room for a boot slice")
    write_ufs(redirect_tree(miniroot, time), sink, parameters, time=time, last_mounted=b"/")
    bootblock.put_in(sink, block)
