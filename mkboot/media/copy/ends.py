# SPDX-License-Identifier: Apache-2.0
"""Where a disc ends: what its label, its ISO 9660, its table of contents and its drive say.

On Sun discs they differ by right: the slices from which machines boot lie behind the end
that the ISO 9660 knows.  Programs that believe the ISO, or a drive that is wrong, lose them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mkboot.formats.iso import looks_like_iso
from mkboot.formats.label import (
    SECTOR,
    TAG_BACKUP,
    Label,
    label_xor,
    looks_like_label,
    parse_label_leniently,
)
from mkboot.media.codes import advice
from mkboot.media.copy.passes import END_MOST
from mkboot.media.copy.reader import Reader
from mkboot.media.labelcheck import label_findings
from mkboot.media.medium import Medium
from mkboot.model.finding import Finding, Severity, error, note, warning
from mkboot.tree.source import ByteSource, BytesSource

#: Sector 0 and the ISO's first descriptor are in here.
HEAD = 17 * 2048
_DESCRIPTOR, _BLOCK = 16 * 2048, 2048
#: What burning programs leave behind the data: 150 blocks of padding, and the two blocks
#: between tracks that a CD-R written track-at-once has and nobody can read.
RUN_OUT = (150 + 2) * _BLOCK
_ABOUT_ENDS = frozenset({"image-cut-at-iso", "image-truncated", "slice-past-end", "label-geometry"})


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a disc ends, in bytes, according to each; None where there is no such thing.

    ``doubtful`` is what a label says that no Sun would take, since its checksum is wrong.
    """

    drive: int
    is_drive: bool
    toc: int | None = None
    iso: int | None = None
    label: int | None = None
    doubtful: int | None = None

    @property
    def needed(self) -> int:
        """What the disc must have, or it is not whole."""
        said = max(self.label or 0, self.iso or 0)
        return said if self.is_drive and said else max(said, self.drive)

    @property
    def named(self) -> int:
        """What the disc names, a damaged label included: no copy of less is whole."""
        return max(self.needed, self.doubtful or 0)

    @property
    def wanted(self) -> int:
        """What may be there: it is tried."""
        return max(self.needed, self.drive, self.toc or 0)


def label_end(label: Label) -> int | None:
    """Where the last slice ends, in bytes; slices that only stand for all of a disk do not count.

    None for a label that a Sun would not take, or that promises more than any disc has.
    """
    return None if label_xor(label.raw) else _last_slice(label)


def _last_slice(label: Label) -> int | None:
    if not label.geometry.cylinder:
        return None
    ends = [
        (label.start(e.number) + e.sectors) * SECTOR
        for e in label.used
        if not (e.tag == TAG_BACKUP and label.covers_all(e.number))
    ]
    end = max(ends, default=0)
    return end if 0 < end <= END_MOST else None


def ends_of(reader: Reader, head: bytes) -> Ends:
    """All ends; ``head`` are the first bytes of the disc, zeros where they are not known."""
    sector = head[:SECTOR]
    label = parse_label_leniently(sector) if looks_like_label(sector) else None
    iso: int | None = None
    if looks_like_iso(BytesSource(head)):
        blocks = int.from_bytes(head[_DESCRIPTOR + 80 :][:4], "little")  # ECMA-119 8.4.8
        iso = blocks * _BLOCK or None
    if label is None:
        return Ends(reader.size, reader.is_drive, reader.toc, iso)
    end = label_end(label)
    doubtful = _last_slice(label) if label_xor(label.raw) else None
    return Ends(reader.size, reader.is_drive, reader.toc, iso, end, doubtful)


def read_head(read: Callable[[int, int], bytes]) -> bytes:
    """The first bytes of a disc, block by block; what cannot be read is zeros."""
    parts: list[bytes] = []
    for at in range(0, HEAD, _BLOCK):
        try:
            data = read(at, _BLOCK)
        except OSError:
            data = b""
        parts.append(data.ljust(_BLOCK, b"\0"))
    return b"".join(parts)


def explain(ends: Ends, real: int) -> Iterator[str]:
    """What differs from what, in words; ``real`` is where the disc was seen to end."""
    if ends.label and ends.iso and ends.label > ends.iso:
        more = ends.label - ends.iso
        yield (
            f"the label's last slice ends {more} bytes behind the ISO 9660: what machines boot "
            "from lies there, and a copy of the ISO alone would lack it"
        )
    if ends.label and ends.iso and ends.label < ends.iso:
        yield (
            f"the ISO 9660 counts {ends.iso - ends.label} bytes more than the label: padding "
            "behind the last slice"
        )
    if ends.doubtful:
        yield (
            f"the label is damaged, and no Sun takes it: it says {ends.doubtful} bytes, and {real} "
            "were read"
        )
    said = max(ends.label or 0, ends.iso or 0, ends.doubtful or 0)
    if 0 < said < real:
        yield (
            f"{real - said} bytes lie behind all that the disc names, and were copied: padding, "
            "or something that was added"
        )
    if ends.is_drive and ends.toc and ends.toc != ends.drive:
        yield (
            f"the table of contents ends at {ends.toc}, the drive says {ends.drive}: on discs "
            "written track-at-once two blocks that cannot be read, or 150 of padding, lie between"
        )
    if ends.is_drive and ends.drive > max(ends.needed, real):
        yield f"the drive says {ends.drive - max(ends.needed, real)} bytes more than there are"


def drive_findings(ends: Ends, real: int) -> Iterator[Finding]:
    """What is wrong with what a drive said; ``real`` is how much was read."""
    if ends.is_drive and real > ends.drive:
        yield warning(
            "drive-size-short",
            "drive",
            f"the drive says {ends.drive} bytes, but {real} were read: it was read on past that",
            advice("drive-size-short"),
        )
    if ends.is_drive and ends.drive < ends.needed and real <= ends.drive:
        yield warning(
            "drive-size-short",
            "drive",
            f"the drive says {ends.drive} bytes and gives no more, but the disc has "
            f"{ends.needed} by its own account",
            advice("drive-size-short"),
        )


def run_out_finding(ends: Ends, bad: int) -> Finding:
    """Bad blocks behind everything that the disc names: no part of it."""
    return note(
        "run-out-unreadable",
        "disc",
        f"{bad} bytes at the very end, behind byte {ends.named} where the disc ends by its own "
        "account, cannot be read and were left out: run-out blocks of the burning program, or a "
        "drive that says too much",
        advice("run-out-unreadable"),
    )


def cut_findings(path: Path, source: ByteSource, ends: Ends) -> tuple[Finding, ...]:
    """Why a copy is shorter than its label or ISO says; never empty."""
    medium = Medium(path, source)
    found = tuple(f for f in label_findings(medium) if f.code in _ABOUT_ENDS)
    if found:
        return found
    return (
        error(
            "image-truncated",
            "image",
            f"there are {source.size} bytes of the {ends.named} that the disc has by its own "
            "account",
            advice("image-truncated"),
        ),
    )


def nothing_finding(ends: Ends) -> Finding:
    """A disc of which not a byte was read: no copy of nothing is whole."""
    return error(
        "image-truncated",
        "image",
        f"nothing could be read: the drive says {ends.drive} bytes",
        advice("image-truncated"),
    )


def is_bad(findings: tuple[Finding, ...]) -> bool:
    """Whether any of these makes the copy no whole one."""
    return any(f.severity is Severity.ERROR for f in findings)
