# SPDX-License-Identifier: Apache-2.0
"""What the file systems of an image say of themselves: ISO 9660, UFS, and the release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.label import SECTOR
from mkboot.media.codes import advice
from mkboot.media.layouts import (
    CDTOC,
    SLICEMAP,
    know_stranger,
    plain_release,
    product_version,
)
from mkboot.media.medium import Medium
from mkboot.media.openslice import OpenSlice
from mkboot.media.paths import expand
from mkboot.media.rulescheck import rules_findings
from mkboot.model.finding import Finding, Severity, error, warning
from mkboot.model.inspection import Kind
from mkboot.tree.filetree import FileTree, read_text

_RELEASE_FILE = b"/etc/release"

#: Where the first descriptor of an ISO belongs, and how it begins.
_SYSTEM_AREA = 32768
_PRIMARY = b"\1CD001\1\0"
#: A CD of 80 minutes, in bytes.
_LARGEST_CD = 359_845 * 2048
_BEFORE_DVD = re.compile(r"2\.[0-9](\.[0-9])?|7")

#: The codes of the ISO reader that have a wider name here, or are told otherwise.
_WIDER = {
    "iso-no-rock-ridge": "rock-ridge-version",
    "iso-rock-ridge-id": "rock-ridge-version",
    "iso-truncated": "iso-damaged",
}


def iso_findings(medium: Medium, *, cut: bool) -> tuple[Finding, ...]:
    """About the ISO 9660 of a disc; ``cut`` when the image is known to be cut short."""
    if medium.kind is not Kind.DISC:
        return ()
    if not medium.has_iso:
        text = "the label is that of an optical disc, but slice 0 holds no ISO 9660"
        return () if cut else (error("iso-missing", "slice 0", text, advice("iso-missing")),)
    problem = medium.iso_problem
    late = _missing_before(medium) if problem is not None else 0
    if late:
        text = f"the first {late} bytes of the image are missing, its label among them"
        return (error("image-truncated", "image", text, "read the disc again from its beginning"),)
    if problem is not None:
        text = problem.message.removeprefix("iso: ")
        return () if cut else (error("iso-damaged", "iso", text, advice("iso-damaged")),)
    return (*_iso_reader(medium, cut=cut), *_iso_slice(medium))


def _missing_before(medium: Medium) -> int:
    """How many bytes are missing before the ISO's first descriptor, where that shows."""
    at = medium.source.pread(0, _SYSTEM_AREA).find(_PRIMARY)
    return _SYSTEM_AREA - at if at >= 0 else 0


def _iso_reader(medium: Medium, *, cut: bool) -> Iterator[Finding]:
    assert medium.iso is not None
    for each in medium.iso.findings:
        if each.code == "iso-short" or (cut and each.code == "iso-truncated"):
            continue
        code = _WIDER.get(each.code, each.code)
        severity = each.severity
        if code == "rock-ridge-version" and medium.is_for_sparc:
            severity = Severity.ERROR
        yield replace(each, code=code, severity=severity, hint=each.hint or advice(code))


def _iso_slice(medium: Medium) -> Iterator[Finding]:
    """Whether slice 0 is where the ISO is, and holds all of it."""
    if not medium.slices:
        return
    first = medium.slice(0)
    wanted = -(-(medium.iso_end or 0) // SECTOR)
    if first is None or first.start != 0 or first.entry.sectors < wanted:
        has = "is not used" if first is None else f"has {first.entry.sectors} sectors"
        if first is not None and first.start:
            has = f"starts at sector {first.start}"
        yield error(
            "iso-slice-mismatch",
            "slice 0",
            f"the ISO 9660 has {wanted} sectors from sector 0 on, but slice 0 {has}",
            advice("iso-slice-mismatch"),
        )


def ufs_findings(each: OpenSlice) -> tuple[Finding, ...]:
    """About the UFS of one slice that the image holds whole; nothing where there is none."""
    if each.is_cut:
        return ()
    if each.ufs_problem is not None:
        text = each.ufs_problem.message.removeprefix(f"{each.place}: ")
        return (error("ufs-damaged", each.place, text, advice("ufs-damaged")),)
    return each.ufs.findings(each.place) if each.ufs is not None else ()


def tree_findings(each: OpenSlice) -> tuple[Finding, ...]:
    """Whether the files of a slice's UFS can be listed."""
    try:
        _ = each.tree
    except InputError as e:
        text = e.message.removeprefix(f"{each.place}: ")
        return (error("ufs-damaged", each.place, text, advice("ufs-damaged")),)
    return ()


def install_findings(
    medium: Medium, miniroot: FileTree | None, *, cut: bool = False
) -> tuple[Finding, ...]:
    """What speaks against a disc as Solaris install media: ``.cdtoc``, release, family.

    Of an image that was ``cut`` short, files may be missing for that reason alone.
    """
    if medium.iso is None:
        return ()
    slice_0 = medium.iso.tree
    if cut and medium.iso_is_cut:
        return tuple(_stranger(slice_0))
    return (
        *_stranger(slice_0),
        *_cdtoc(slice_0),
        *_release(slice_0, miniroot),
        *_too_large(medium),
        *rules_findings(slice_0),
    )


def _too_large(medium: Medium) -> Iterator[Finding]:
    """A DVD of a release whose install environment was made for CDs."""
    release = release_of(medium) or ""
    if medium.size > _LARGEST_CD and _BEFORE_DVD.fullmatch(release):
        text = f"{medium.size} bytes are more than a CD holds, and Solaris {release} came on CDs"
        yield warning("dvd-before-8", "image", text, advice("dvd-before-8"))


def release_of(medium: Medium) -> str | None:
    """The Solaris release of an install disc, by its ``.cdtoc``, else by its directory."""
    if medium.iso is None:
        return None
    version = product_version(medium.iso.tree)
    if version is None:
        names = _product_directories(medium.iso.tree)
        version = names[0] if len(names) == 1 else None
    return plain_release(version) if version is not None else None


def _stranger(slice_0: FileTree) -> Iterator[Finding]:
    stranger = know_stranger(slice_0)
    if stranger is not None:
        yield warning(stranger.code, "iso", stranger.what, advice(stranger.code))


def _cdtoc(slice_0: FileTree) -> Iterator[Finding]:
    if slice_0.find(CDTOC) is not None:
        if product_version(slice_0) is None:
            text = ".cdtoc names no PRODVERS: the install environment cannot use it"
            yield error("cdtoc-missing", "iso", text, advice("cdtoc-missing"))
        return
    if expand(slice_0, "/Solaris_*") or slice_0.find(SLICEMAP) is not None:
        text = "an install disc without .cdtoc: the install environment refuses to go on"
        yield error("cdtoc-missing", "iso", text, advice("cdtoc-missing"))


def _release(slice_0: FileTree, miniroot: FileTree | None) -> Iterator[Finding]:
    version = product_version(slice_0)
    if version is None:
        return
    said = plain_release(version)
    names = _product_directories(slice_0)
    if names and said not in names:
        yield _mismatch(f".cdtoc says {version}, but the directory is Solaris_{names[0]}")
        return
    inside = release_in(miniroot) if miniroot is not None else None
    if inside is not None and inside != said:
        yield _mismatch(f".cdtoc says {version}, but the miniroot is of Solaris {inside}")


def _mismatch(text: str) -> Finding:
    return warning("release-mismatch", "iso", text, advice("release-mismatch"))


def _product_directories(slice_0: FileTree) -> list[str]:
    """The releases in the names of ``Solaris_N`` directories."""
    names = [path[1:].decode("latin-1") for path in expand(slice_0, "/Solaris_*")]
    return [plain_release(n.removeprefix("Solaris_")) for n in names]


def release_in(root: FileTree) -> str | None:
    """The release in the first line of /etc/release (``Solaris 8 …``, ``Solaris 2.6 …``)."""
    text = read_text(root, _RELEASE_FILE, 512) or b""
    match = re.search(rb"Solaris\s+(\d+(?:\.\d+(?:\.\d+)?)?)\b", text)
    return plain_release(match[1].decode()) if match else None
