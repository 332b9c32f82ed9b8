# SPDX-License-Identifier: Apache-2.0
"""What looking at an image found: the document of ``inspect --json`` and ``verify --json``.

Sectors have 512 bytes, sizes are in bytes.  Keys only get added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mkboot.model.finding import Finding, Severity
from mkboot.model.values import Geometry
from mkboot.tree.names import show

#: What ``json`` can write.
Json = Mapping[str, "Json"] | list["Json"] | str | int | float | bool | None


class Kind(StrEnum):
    """What an image is."""

    DISC = "disc"
    DISK = "disk"
    SLICE = "slice"
    DUMP = "dump"
    FLAR = "flar"
    SET = "set"
    UNKNOWN = "unknown"


class SliceHolds(StrEnum):
    """What a slice of an image was found to hold."""

    ISO = "iso"
    UFS = "ufs"
    SWAP = "swap"
    WHOLE_DISK = "whole-disk"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SliceView:
    """A slice: ``start`` and ``sectors`` in sectors; ``boot_block`` is its kind, or None.

    ``detail`` says more about what it holds, in words.
    """

    number: int
    start: int
    sectors: int
    tag: int
    flag: int
    holds: SliceHolds
    boot_block: str | None = None
    detail: str = ""

    def as_json(self) -> dict[str, Json]:
        """The slice as CLI documents have it."""
        block: Json = {"kind": self.boot_block} if self.boot_block else None
        return {
            "number": self.number,
            "start": self.start,
            "sectors": self.sectors,
            "tag": self.tag,
            "flag": self.flag,
            "holds": self.holds.value,
            "boot_block": block,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class LabelView:
    """A label; ``valid`` when its magic and checksum are right; the used slices only."""

    valid: bool
    ascii: bytes
    volume: bytes
    geometry: Geometry
    slices: tuple[SliceView, ...]

    def as_json(self) -> dict[str, Json]:
        """The label as CLI documents have it."""
        g = self.geometry
        return {
            "valid": self.valid,
            "ascii": show(self.ascii),
            "volume": show(self.volume),
            "geometry": {
                "nhead": g.nhead,
                "nsect": g.nsect,
                "ncyl": g.ncyl,
                "acyl": g.acyl,
                "pcyl": g.pcyl,
                "rpm": g.rpm,
            },
            "slices": [s.as_json() for s in self.slices],
        }


@dataclass(frozen=True, slots=True)
class IsoView:
    """An ISO 9660 file system: ``size`` in bytes, ``files`` counts regular files."""

    volume_id: bytes
    size: int
    rock_ridge: bool
    files: int

    def as_json(self) -> dict[str, Json]:
        """The file system as CLI documents have it."""
        return {
            "volume_id": show(self.volume_id),
            "size": self.size,
            "rock_ridge": self.rock_ridge,
            "files": self.files,
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """An image that was looked at; ``facts`` is what a real medium would settle."""

    name: str
    kind: Kind
    size: int
    label: LabelView | None = None
    iso: IsoView | None = None
    release: str | None = None
    arch: tuple[str, ...] = ()
    layout: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """The document of ``inspect --json``."""
        return {
            "kind": self.kind.value,
            "size": self.size,
            "label": self.label.as_json() if self.label else None,
            "iso": self.iso.as_json() if self.iso else None,
            "release": self.release,
            "arch": list(self.arch),
            "layout": self.layout,
            "facts": dict(self.facts),
            "findings": [dict(f.as_json()) for f in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at.

    ``segments`` are pieces of dumps whose checksums were compared, ``structures`` labels,
    boot blocks, superblocks, directories, dump headers.
    """

    files: int = 0
    bytes: int = 0
    segments: int = 0
    structures: int = 0

    def __add__(self, other: Checked) -> Checked:
        return Checked(
            self.files + other.files,
            self.bytes + other.bytes,
            self.segments + other.segments,
            self.structures + other.structures,
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of every check that could be made without writing."""

    checked: Checked
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, and something was looked at."""
        return not any(f.severity is Severity.ERROR for f in self.findings)

    def as_json(self) -> dict[str, Json]:
        """The document of ``verify --json``."""
        c = self.checked
        return {
            "verdict": "sound" if self.sound else "bad",
            "checked": {
                "files": c.files,
                "bytes": c.bytes,
                "segments": c.segments,
                "structures": c.structures,
            },
            "not_checked": list(self.not_checked),
            "findings": [dict(f.as_json()) for f in self.findings],
        }
