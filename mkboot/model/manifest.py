# SPDX-License-Identifier: Apache-2.0
"""What a set of discs holds: ``/mkboot/set.json`` (schema 1, docs/set-json.md).

The same on every volume.  It cannot hold checksums of the images it lies in: those stand
in ``SHA256SUMS`` beside the images, and every volume has ``/mkboot/cksum.txt``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mkboot.model.packing import Packing
from mkboot.model.system import System
from mkboot.model.values import Checksums

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a dump: ``file`` is its path on volume ``volume``, ``offset`` its first byte
    in the stream.

    ``checksums`` are of the file as it lies on the disc.  ``packed`` is ``compress`` (the
    name ends in .Z) or ``gzip`` (.gz) where that has to be undone, and ``size`` counts the
    bytes that come out; what they must be stands with the dump in ``system``.
    """

    file: str
    volume: int
    offset: int
    size: int
    checksums: Checksums
    packed: Packing = Packing.NONE


@dataclass(frozen=True, slots=True)
class Stream:
    """One level of one file system (``slice``), cut into segments in order.

    ``inodes`` counts what the dump holds; ``work`` is what ufsrestore needs for its work files
    while it reads it, in bytes, reckoned high.
    """

    slice: str
    level: int
    size: int
    segments: tuple[Segment, ...]
    inodes: int = 0
    work: int = 0


@dataclass(frozen=True, slots=True)
class Volume:
    """One disc image: ``size`` in bytes of the whole image, ``volume_id`` of its ISO 9660."""

    number: int
    volume_id: str
    size: int


class BorrowedKind(StrEnum):
    """What a borrowed file is for."""

    COMMAND = "command"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A file of the captured host that the install environment lacks: ``file`` is its path on
    volume 1, ``path`` the one on the host that it was taken from.
    """

    file: str
    path: bytes
    kind: BorrowedKind
    checksums: Checksums


@dataclass(frozen=True, slots=True)
class SetManifest:
    """The whole set.

    ``base_release`` is the release of the install disc that volume 1 boots.
    """

    schema: int
    set_id: str
    host: str
    release: str
    layout: str
    strategy: str
    created: int
    volumes: tuple[Volume, ...]
    streams: tuple[Stream, ...]
    system: System
    base_release: str = ""
    compress: Packing = Packing.NONE
    borrowed: tuple[Borrowed, ...] = ()


@dataclass(frozen=True, slots=True)
class VolumeLabel:
    """``/mkboot/volume.json``: which volume this is, and of which set."""

    schema: int
    set_id: str
    host: str
    number: int
    of: int


def segment_bytes(manifest: SetManifest) -> tuple[int, int]:
    """Bytes of all segments: as they were captured, and as they lie on the discs."""
    segments = [s for stream in manifest.streams for s in stream.segments]
    return sum(s.size for s in segments), sum(s.checksums.size for s in segments)
