# SPDX-License-Identifier: Apache-2.0
"""A slice table as fmthard -s reads it (facts/commands B).

Slices of tag 5 are left out: fmthard makes slice 2 up, and refuses another whole disk.
The last line must end with a newline, for fmthard cuts a character off every line.
"""

from __future__ import annotations

from mkboot.formats.label import TAG_BACKUP
from mkboot.model.system import Disk


def vtoc_table(disk: Disk) -> str:
    """The table for ``disk``, numbers as prtvtoc prints them: slice tag flag start count."""
    shape = disk.geometry
    head = [
        f"* {disk.name}: the slices as they were captured",
        f"* {shape.nhead} heads, {shape.nsect} sectors a track, {shape.ncyl} cylinders",
        "* Partition  Tag  Flags    First     Count",
    ]
    rows = [
        f"      {s.number:2d}  {s.tag:5d}    {s.flag:02x}  {s.start:9d} {s.sectors:9d}"
        for s in disk.slices
        if s.tag != TAG_BACKUP
    ]
    return "\n".join([*head, *rows]) + "\n"
