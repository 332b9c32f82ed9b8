# SPDX-License-Identifier: Apache-2.0
"""``/etc/vfstab`` (vfstab(4)): seven fields, ``-`` for none, ``#`` starts a comment line."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SLICE = re.compile(rb"/dev/r?dsk/(c\d+(?:t[0-9A-Fa-f]+)?d\d+s\d+)")


@dataclass(frozen=True, slots=True)
class VfstabEntry:
    """One line: devices and options as they stand there, ``mount`` empty for ``-``."""

    device: bytes
    raw_device: bytes
    mount: bytes
    fstype: bytes
    fsck_pass: bytes
    at_boot: bytes
    options: bytes

    @property
    def slice_name(self) -> str | None:
        """``c0t0d0s5`` where the device is a plain slice, else None (a metadevice, say)."""
        found = _SLICE.fullmatch(self.device)
        return found[1].decode() if found else None


def parse_vfstab(text: bytes) -> tuple[VfstabEntry, ...]:
    """All entries with seven fields; other lines say nothing that we use."""
    entries = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) != 7 or fields[0].startswith(b"#"):
            continue
        fields = [b"" if f == b"-" else f for f in fields]
        entries.append(VfstabEntry(*fields))
    return tuple(entries)


def ufs_mounts(entries: tuple[VfstabEntry, ...]) -> dict[str, VfstabEntry]:
    """The ufs entries that lie on plain slices, by slice name; the first of a slice counts."""
    found: dict[str, VfstabEntry] = {}
    for entry in entries:
        name = entry.slice_name
        if entry.fstype == b"ufs" and entry.mount and name:
            found.setdefault(name, entry)
    return found


def swap_slices(entries: tuple[VfstabEntry, ...]) -> tuple[str, ...]:
    """The plain slices that vfstab swaps on."""
    return tuple(e.slice_name for e in entries if e.fstype == b"swap" and e.slice_name)
