# SPDX-License-Identifier: Apache-2.0
"""The volume descriptors, and the value that stands for a volume that was read."""

from __future__ import annotations

from dataclasses import dataclass

from construct import ConstructError

from mkboot.errors import InputError
from mkboot.formats.iso.records import Record, read_record
from mkboot.formats.iso.structs import DESCRIPTOR_MAX, SECTOR, SYSTEM_AREA, PrimaryDescriptor
from mkboot.model.finding import Finding
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSource, read_exact

_TERMINATOR = 255


@dataclass(frozen=True, slots=True)
class IsoVolume:
    """An ISO 9660 volume.

    ``size`` is what the primary descriptor says, in bytes: what lies behind it (the
    slices of a hybrid disc) does not belong to it.  ``rock_ridge_id`` is the identifier
    in the ER entry; Solaris honours ``RRIP_1991A`` only.  ``files`` counts the regular
    files.  Content in ``tree`` is by reference into the source.
    """

    volume_id: bytes
    size: int
    rock_ridge: bool
    rock_ridge_id: bytes
    tree: FileTree
    files: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What is needed of the primary volume descriptor; ``size`` in bytes."""

    volume_id: bytes
    size: int
    root: Record


def looks_like_iso(source: ByteSource) -> bool:
    """Whether sector 16 (of 2048 bytes) holds a volume descriptor of ISO 9660."""
    return source.pread(SYSTEM_AREA + 1, 5) == b"CD001"


def read_descriptor(source: ByteSource) -> Descriptor:
    """The primary volume descriptor; ``InputError`` where there is no sound one."""
    for number in range(16, 16 + DESCRIPTOR_MAX):
        place = (f"volume descriptor in sector {number}",)
        data = read_exact(source, number * SECTOR, SECTOR, place)
        if data[1:6] != b"CD001":
            raise InputError("not an ISO 9660 volume descriptor", place=place)
        if data[0] == _TERMINATOR:
            break
        if data[0] == 1:
            try:
                return _primary(data)
            except InputError as e:
                raise e.inside(*place) from e
    raise InputError("no primary volume descriptor")


def _primary(data: bytes) -> Descriptor:
    try:
        found = PrimaryDescriptor.parse(data)
    except ConstructError as e:
        raise InputError(f"cannot be read: {e}") from e
    for name in ("space_size", "block_size"):
        if found[name].le != found[name].be:
            raise InputError(f"the two byte orders disagree about {name.replace('_', ' ')}")
    if found.block_size.le != SECTOR:
        raise InputError(f"blocks of {found.block_size.le} bytes are not supported")
    root = read_record(found.root, 0)
    if not root.is_directory:
        raise InputError("the root is not a directory")
    return Descriptor(found.volume_id.rstrip(b" \0"), found.space_size.le * SECTOR, root)
