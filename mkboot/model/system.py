# SPDX-License-Identifier: Apache-2.0
"""A captured Solaris host: ``system.json`` (schema 1, docs/system-json.md).

Sectors have 512 bytes.  Disks and slices carry Solaris' names (``c0t0d0``, ``c0t0d0s5``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mkboot.model.nvram import Nvram
from mkboot.model.values import Checksums, Geometry, UfsParameters

SCHEMA = 1


class Holds(StrEnum):
    """What was found in a slice."""

    UFS = "ufs"
    SWAP = "swap"
    WHOLE_DISK = "whole-disk"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """A slice: first sector on its disk, length in sectors, VTOC tag and flag."""

    number: int
    start: int
    sectors: int
    tag: int
    flag: int
    holds: Holds


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk. ``label`` is sector 0 in hex; ``path`` its /devices path, empty if not known."""

    name: str
    path: str
    sectors: int
    geometry: Geometry
    label: str
    slices: tuple[SliceRecord, ...]


@dataclass(frozen=True, slots=True)
class Dump:
    """One dump stream in the capture.

    ``file`` is its name there; ``size`` bytes; dates in seconds since 1970.  It is cut
    into pieces of ``segment_size`` bytes (the last may be shorter), whose checksums are
    ``segments``.
    """

    level: int
    file: str
    size: int
    date: int
    base_date: int
    records: int
    inodes: int
    directories: int
    segment_size: int
    segments: tuple[Checksums, ...]


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A UFS of the host. ``slice`` is its name (``c0t0d0s5``), ``mount`` where it belongs.

    ``device`` is what vfstab calls it (``/dev/md/dsk/d0``, say).  ``accepted`` tells why
    it was captured although not clean, empty if it was.  ``dumps`` stand in the order in
    which they were taken.
    """

    slice: str
    mount: bytes
    device: bytes
    options: bytes
    parameters: UfsParameters
    used_bytes: int
    used_inodes: int
    dumps: tuple[Dump, ...]
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class BootBlock:
    """The boot block of a slice, kept as ``file`` in the capture: 15 sectors."""

    slice: str
    kind: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """A network file of the host, as it was (``/etc/hostname.hme0`` …)."""

    path: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Release:
    """What the host runs: ``version`` (``2.6`` … ``10``), first line of /etc/release."""

    version: str
    text: bytes
    karch: str
    platform: str


@dataclass(frozen=True, slots=True)
class System:
    """The whole host.  ``nvram`` is None where nobody gave outputs of it."""

    schema: int
    host: str
    release: Release
    captured: int
    disks: tuple[Disk, ...]
    file_systems: tuple[FileSystem, ...]
    swap: tuple[str, ...]
    boot_blocks: tuple[BootBlock, ...]
    network: tuple[NetworkFile, ...]
    vfstab: bytes
    left_out: tuple[str, ...] = ()
    nvram: Nvram | None = None
