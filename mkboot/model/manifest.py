# SPDX-License-Identifier: Apache-2.0
"""What a set of discs holds: ``/mkboot/set.json`` (schema 1, docs/set-json.md).

The same on every volume.  It cannot hold checksums of the images it lies in: those stand
in ``SHA256SUMS`` beside the images, and every volume has ``/mkboot/cksum.txt``.
"""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.model.system import System
from mkboot.model.values import Checksums

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a dump: ``file`` is its path on volume ``volume``, ``offset`` its first byte
    in the stream.
    """

    file: str
    volume: int
    offset: int
    checksums: Checksums


@dataclass(frozen=True, slots=True)
class Stream:
    """One level of one file system (``slice``), cut into segments in order."""

    slice: str
    level: int
    size: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """One disc image: ``size`` in bytes of the whole image, ``volume_id`` of its ISO 9660."""

    number: int
    volume_id: str
    size: int


@dataclass(frozen=True, slots=True)
class SetManifest:
    """The whole set."""

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


@dataclass(frozen=True, slots=True)
class VolumeLabel:
    """``/mkboot/volume.json``: which volume this is, and of which set."""

    schema: int
    set_id: str
    host: str
    number: int
    of: int
