# SPDX-License-Identifier: Apache-2.0
"""Sector 0 and the ends: is there a label, and does the image hold all that it promises?

What one cause leads to is told once: an image that was cut short is not also told to have
a wrong geometry and slices past its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mkboot.formats.iso import looks_like_iso
from mkboot.formats.label import SECTOR, check_label, looks_like_label
from mkboot.media.codes import advice
from mkboot.media.layouts import CDTOC
from mkboot.media.magics import foot_of
from mkboot.media.medium import DISC_CYLINDER, Medium
from mkboot.media.openslice import OpenSlice
from mkboot.model.finding import Finding, Severity, error, note, warning
from mkboot.model.inspection import Kind

#: What genisoimage and burning programs put behind an ISO at most, in bytes.
_RUN_OUT = 150 * 2048 + DISC_CYLINDER * SECTOR
#: How much behind the last slice is looked at, in bytes.
_TAIL_LOOK = 4 << 20

_ABOUT_ENDS = ("label-geometry", "slice-past-end")


def label_findings(medium: Medium) -> tuple[Finding, ...]:
    """All findings about the label and the length of a disc or disk; none about a slice of one,
    for the label is that of the whole.
    """
    if medium.is_part or medium.kind not in (Kind.DISC, Kind.DISK):
        return ()
    if medium.label is None:
        return tuple(_without_label(medium))
    sectors = medium.size // SECTOR
    found = check_label(medium.sector, sectors, disc=medium.kind is Kind.DISC)
    if medium.has_mbr and not medium.label_is_valid:
        found = tuple(f for f in found if f.code != "label-checksum")
        found = (*found, _mbr("a PC's boot signature lies over the label's checksum"))
    if medium.kind is Kind.DISC:
        found = tuple(_as_on_discs(f) for f in found)
    if any(f.code in _ABOUT_ENDS for f in found):
        found = tuple(_ends(medium, found))
    return (*found, *_tail(medium))


def is_cut(findings: tuple[Finding, ...]) -> bool:
    """Whether these say that the image is not whole."""
    return any(f.code in ("image-cut-at-iso", "image-truncated") for f in findings)


def _without_label(medium: Medium) -> Iterator[Finding]:
    if medium.iso_is_cut:
        yield _truncated(medium, "ISO 9660")
    elif medium.iso is not None and medium.iso.size > medium.size:
        text = f"the image has {medium.size} of the {medium.iso.size} bytes that its ISO names"
        yield warning(
            "image-truncated", "image", f"{text}; all files are there", advice("image-truncated")
        )
    if medium.has_x86_partition:
        yield warning(
            "media-x86", "image", "a disk or disc of Solaris for PCs", advice("media-x86")
        )
    elif looks_like_label(_in_pairs(medium.sector)):
        yield error(
            "image-byte-swapped",
            "label",
            "every two bytes of the label are exchanged, but not those of what follows",
            "exchange them in sector 0 only: dd conv=swab,notrunc count=1",
        )
    elif medium.was_labelled:
        yield error(
            "label-magic",
            "label",
            "sector 0 has the remains of a Sun label, but not its magic word: no Sun knows it",
            advice("label-magic"),
        )
    elif medium.has_mbr and medium.is_for_sparc:
        yield _mbr("a PC's boot record lies where the Sun label should be")
    elif medium.is_for_sparc:
        yield error(
            "label-magic", "label", "no Sun label: no SPARC boots from this", advice("label-magic")
        )
    elif medium.iso is not None and medium.iso.tree.find(CDTOC) is None:
        yield note(
            "label-magic", "label", "no Sun label: a disc with files only, nothing boots from it"
        )


def _in_pairs(sector: bytes) -> bytes:
    """A sector with every two bytes exchanged."""
    turned = bytearray(sector[: len(sector) // 2 * 2])
    turned[::2], turned[1::2] = turned[1::2], turned[::2]
    return bytes(turned)


def _as_on_discs(each: Finding) -> Finding:
    """xorriso does not round slices up to cylinders, and nothing minds on a disc."""
    return replace(each, severity=Severity.NOTE) if each.code == "slice-off-cylinder" else each


def _mbr(message: str) -> Finding:
    return error("mbr-over-label", "label", message, advice("mbr-over-label"))


def _ends(medium: Medium, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """The findings, with the reason in place of what it leads to."""
    reason = _why_short(medium)
    for each in found:
        if reason is None or each.code not in _ABOUT_ENDS:
            yield each
    if reason is not None:
        yield reason


def _why_short(medium: Medium) -> Finding | None:
    """Why the image is shorter than its label says; None where the label is to blame."""
    if medium.iso_is_cut:
        return _truncated(medium, "ISO 9660")
    cut = [s for s in medium.slices if s.is_cut and s.start > 0]
    if medium.iso is not None and cut and _ends_with_iso(medium):
        return error(
            "image-cut-at-iso",
            "image",
            f"the image ends with its ISO 9660 ({medium.size} bytes); "
            f"{_slices(cut)} that the label names behind it are missing",
            advice("image-cut-at-iso"),
        )
    for each in cut:
        if each.window.size == 0 or _content_is_cut(each):
            return _truncated(medium, each.place)
    return None


def _ends_with_iso(medium: Medium) -> bool:
    return medium.size <= (medium.iso_end or 0) + _RUN_OUT and all(
        s.is_cut or s.start == 0 for s in medium.slices
    )


def _content_is_cut(each: OpenSlice) -> bool:
    """Whether the file system in a slice is longer than what the image has of it."""
    if each.ufs is not None:
        return each.ufs.parameters.size * SECTOR > each.window.size
    return not looks_like_iso(each.window) and each.window.size * 2 < each.size


def _truncated(medium: Medium, what: str) -> Finding:
    return error(
        "image-truncated",
        "image",
        f"the image has {medium.size} bytes and ends before {what} does",
        advice("image-truncated"),
    )


def _slices(cut: list[OpenSlice]) -> str:
    numbers = ", ".join(str(s.number) for s in cut)
    return f"slice {numbers}" if len(cut) == 1 else f"slices {numbers}"


def _tail(medium: Medium) -> Iterator[Finding]:
    """What lies behind the last slice of a disc."""
    if medium.kind is not Kind.DISC or not medium.slices:
        return
    end = max(s.start * SECTOR + s.size for s in medium.slices)
    if medium.iso is not None:
        end = max(end, medium.iso_end or 0)
    if foot_of(medium.source) is not None:
        return  # a container's footer, which is told of as such
    if any(medium.source.pread(end, _TAIL_LOOK)):
        yield warning(
            "trailing-garbage",
            "image",
            f"behind the last slice, from byte {end} on, there are {medium.size - end} bytes "
            "that belong to nothing",
            advice("trailing-garbage"),
        )
