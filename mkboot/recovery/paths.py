# SPDX-License-Identifier: Apache-2.0
"""Where the files of ours lie on a volume."""

from __future__ import annotations

from mkboot.model.manifest import SetManifest

SEGMENT_FOLDER = "/mkboot/seg"


def segment_path(slice_: str, level: int, index: int, count: int) -> str:
    """``/mkboot/seg/FS.LEVEL.NNN``; NNN counts from 1 and has as many digits as the last."""
    width = max(3, len(str(count)))
    return f"{SEGMENT_FOLDER}/{slice_}.{level}.{index + 1:0{width}d}"


def marker_path(set_id: str, number: int) -> str:
    """A file whose name says which volume of which set this is."""
    return f"/mkboot/id/{set_id}.{number}"


def vtoc_path(disk: str) -> str:
    """A disk's slice table."""
    return f"/mkboot/disks/{disk}.vtoc"


def boot_block_path(slice_: str) -> str:
    """The captured boot block of a slice."""
    return f"/mkboot/boot/{slice_}.bootblk"


def listed_files(manifest: SetManifest, number: int) -> frozenset[str]:
    """Every file below /mkboot of a volume that its cksum.txt lists."""
    return frozenset(
        (
            "/mkboot/set.json",
            "/mkboot/volume.json",
            marker_path(manifest.set_id, number),
            *(vtoc_path(disk.name) for disk in manifest.system.disks),
            *(boot_block_path(block.slice) for block in manifest.system.boot_blocks),
            *(s.file for t in manifest.streams for s in t.segments if s.volume == number),
        )
    )
