# SPDX-License-Identifier: Apache-2.0
"""A disk's label that several tests change."""

from __future__ import annotations

from mkboot.formats.label import (
    TAG_BACKUP,
    TAG_ROOT,
    TAG_SWAP,
    Label,
    SliceEntry,
    label_xor,
    make_label,
)
from mkboot.model.values import Geometry

DISK = Geometry(nhead=16, nsect=63, ncyl=40, acyl=2, pcyl=42, rpm=7200)
SLICES = (
    SliceEntry(0, 0, 10080, TAG_ROOT, 0),
    SliceEntry(1, 10, 2016, TAG_SWAP, 1),
    SliceEntry(2, 0, 40320, TAG_BACKUP, 0),
    SliceEntry(7, 12, 28224, 8, 0),
)


def disk() -> Label:
    """The label that a sound disk has."""
    return make_label(
        DISK, SLICES, ascii=b"SEAGATE-ST1 cyl 40 alt 2 hd 16 sec 63", volume=b"rootdisk"
    )


def sealed(raw: bytes | bytearray) -> bytes:
    """The sector with the checksum made right."""
    return bytes(raw[:510]) + label_xor(bytes(raw[:510])).to_bytes(2, "big")
