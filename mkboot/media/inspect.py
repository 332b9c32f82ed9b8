# SPDX-License-Identifier: Apache-2.0
"""What an image is, and every reason why it would not boot or is not whole.

Quick whatever the size: file systems are listed at most, no file's content is read (but
for the few small ones that are shown as facts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.bootblock import check_block
from mkboot.formats.label import SECTOR
from mkboot.media.bootcheck import architectures, boot_findings
from mkboot.media.codes import advice
from mkboot.media.contentcheck import (
    install_findings,
    iso_findings,
    release_in,
    release_of,
    tree_findings,
    ufs_findings,
)
from mkboot.media.copy.unfinished import unfinished_findings
from mkboot.media.envelope import envelope_findings
from mkboot.media.facts import gather_facts, image_sha256
from mkboot.media.flash import flash_findings, open_flash
from mkboot.media.labelcheck import is_cut, label_findings
from mkboot.media.layouts import find_layout
from mkboot.media.medium import Medium
from mkboot.media.namecheck import name_findings
from mkboot.media.openslice import OpenSlice
from mkboot.media.ownfacts import own_facts
from mkboot.model.finding import Finding, Severity, error
from mkboot.model.inspection import (
    Inspection,
    IsoView,
    Kind,
    LabelView,
    SliceHolds,
    SliceView,
)
from mkboot.model.layout import Layout
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show

_ORDER = list(Severity)


def inspect_image(path: Path, *, digest: bool = False) -> Inspection:
    """Look at an image.  ``digest`` adds its SHA-256 to the facts: it is read whole then.

    Raises ``CallerError`` when it cannot be opened, ``StoppedError`` when it cannot be
    read; whatever is wrong *in* it is a finding.
    """
    return inspect_medium(Medium(path), digest=digest)


def inspect_medium(medium: Medium, *, digest: bool = False) -> Inspection:
    """Like ``inspect_image``, for a medium that is open already."""
    layout = layout_of(medium)
    found = [*_findings(medium, layout)]
    findings = sorted([*found, *_unknown(medium, found)], key=lambda f: _ORDER.index(f.severity))
    facts = dict(gather_facts(medium, layout))
    facts.update(own_facts(medium))
    if digest:
        facts["sha256"] = image_sha256(medium.source)
    return Inspection(
        name=medium.path.name,
        kind=medium.kind,
        size=medium.size,
        label=_label_view(medium),
        iso=_iso_view(medium),
        release=release_of(medium) or _release_of_host(medium),
        arch=architectures(medium, layout),
        layout=layout.name if layout is not None else None,
        facts=facts,
        findings=tuple(_unique(findings)),
    )


def _release_of_host(medium: Medium) -> str | None:
    """The release that the root of a disk, or a slice alone, says it has."""
    for each in _slices(medium) if medium.kind in (Kind.DISK, Kind.SLICE) else ():
        try:
            tree = each.tree if each.is_small and not each.is_cut else None
        except InputError:
            continue
        release = release_in(tree) if tree is not None else None
        if release is not None:
            return release
    return None


def layout_of(medium: Medium) -> Layout | None:
    """The layout that a disc fits, or None."""
    if medium.iso is None or not medium.slices:
        return None
    try:
        return find_layout(medium.iso.tree, medium.tree_in)
    except InputError:
        return None  # a broken miniroot, which is told of as a finding


def _findings(medium: Medium, layout: Layout | None) -> Iterator[Finding]:
    about_label = label_findings(medium)
    yield from about_label
    yield from envelope_findings(medium.source, known=medium.kind is not Kind.UNKNOWN)
    yield from name_findings(medium)
    yield from unfinished_findings(medium.path)
    cut = is_cut(about_label)
    yield from iso_findings(medium, cut=cut)
    for each in _slices(medium):
        yield from _slice_findings(medium, each)
    yield from boot_findings(medium, layout)
    yield from install_findings(medium, _miniroot(medium, layout), cut=cut)
    yield from _stream_findings(medium)


def _unknown(medium: Medium, found: list[Finding]) -> Iterator[Finding]:
    """What nobody knows is not sound: silence would look as if nothing were wrong with it."""
    if medium.kind is not Kind.UNKNOWN or medium.is_part or medium.whole.boot_kind is not None:
        return
    if not any(f.severity is Severity.ERROR for f in found):
        text = "it is empty" if not medium.size else "no label, ISO 9660, UFS, dump or archive"
        advised = advice("nothing-checked")
        yield error("nothing-checked", "image", f"nothing that mkboot knows: {text}", advised)


def _slices(medium: Medium) -> tuple[OpenSlice, ...]:
    return (medium.whole,) if medium.kind is Kind.SLICE else medium.slices


def _slice_findings(medium: Medium, each: OpenSlice) -> Iterator[Finding]:
    if each.number < 0 and _ends_early(each):
        text = f"the image has {each.window.size} bytes and ends before its UFS does"
        yield error("image-truncated", each.place, text, advice("image-truncated"))
        return
    found = ufs_findings(each)
    yield from found
    broken = any(f.code == "ufs-damaged" for f in found)
    if not broken and _is_listed(medium, each):
        yield from tree_findings(each)
    if medium.kind is Kind.SLICE and each.boot_block is not None and each.boot_kind:
        yield from check_block(each.boot_block, each.place)


def _ends_early(each: OpenSlice) -> bool:
    return each.ufs is not None and each.ufs.parameters.size * SECTOR > each.window.size


def _is_listed(medium: Medium, each: OpenSlice) -> bool:
    """Whether an inspection lists a UFS: those of discs, which are small."""
    return medium.kind is Kind.DISC and each.is_small and not each.is_cut


def _miniroot(medium: Medium, layout: Layout | None) -> FileTree | None:
    return medium.tree_in(layout.miniroot_slice) if layout is not None else None


def _stream_findings(medium: Medium) -> tuple[Finding, ...]:
    if medium.kind is Kind.FLAR:
        return flash_findings(open_flash(medium.source))
    if medium.dump_problem is not None:
        text = medium.dump_problem.message
        return (error("dump-damaged", "dump", text, advice("dump-damaged")),)
    return medium.dump.findings if medium.dump is not None else ()


def _label_view(medium: Medium) -> LabelView | None:
    label = medium.label
    if label is None or medium.kind in (Kind.SLICE, Kind.DUMP, Kind.FLAR):
        return None
    slices = tuple(_slice_view(each) for each in medium.slices)
    return LabelView(medium.label_is_valid, label.ascii, label.volume, label.geometry, slices)


def _slice_view(each: OpenSlice) -> SliceView:
    kind = each.boot_kind if each.holds is not SliceHolds.WHOLE_DISK else None
    return SliceView(
        number=each.number,
        start=each.start,
        sectors=each.entry.sectors,
        tag=each.entry.tag,
        flag=each.entry.flag,
        holds=each.holds,
        boot_block=kind.value if kind is not None else None,
        detail=_detail(each),
    )


def _detail(each: OpenSlice) -> str:
    """What more there is to say of a slice, for people."""
    if each.is_cut and each.window.size == 0:
        return "not in the image"
    if each.is_small and each.boot_kind is not None and each.ufs is not None:
        try:
            if each.redirect is not None:
                return f"redirects to slice {show(each.redirect[:1])}"
        except InputError:
            return "cannot be read"
    if each.ufs is not None:
        name = show(each.ufs.superblock.fsmnt.split(b"\0")[0])
        return f"last mounted on {name}" if name else ""
    return ""


def _iso_view(medium: Medium) -> IsoView | None:
    iso = medium.iso
    if iso is None:
        return None
    return IsoView(iso.volume_id, iso.size, iso.rock_ridge, iso.files)


def _unique(findings: list[Finding]) -> Iterator[Finding]:
    seen: set[Finding] = set()
    for each in findings:
        if each not in seen:
            seen.add(each)
            yield _with_hint(each)


def _with_hint(each: Finding) -> Finding:
    """A finding of a format, which says what is wrong, with what its code says to do."""
    if each.hint or each.severity is Severity.NOTE:
        return each
    return replace(each, hint=advice(each.code))
