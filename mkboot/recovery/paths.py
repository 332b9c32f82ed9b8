# SPDX-License-Identifier: Apache-2.0
"""Where the files of ours lie on a volume."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mkboot.model.packing import Packing

if TYPE_CHECKING:
    from mkboot.model.manifest import SetManifest

SEGMENT_FOLDER = "/mkboot/seg"
#: Commands and libraries of the host that the install environment lacks.
BIN_FOLDER, LIB_FOLDER = "/mkboot/bin", "/mkboot/lib"
#: The engine on volume 1, its parts, and the scripts that start it in each stage.
ENGINE_FOLDER = "/mkboot"
ENGINE_FILES = ("engine", "engine.disk", "engine.data", "engine.root")
STARTERS = ("restore", "start", "S99mkboot", "mkboot.xml")
#: What a person does, for whoever has the disc in hand; on every volume.
RUNBOOK = "/mkboot/runbook.txt"
STAGE_1, STAGE_2 = "/mkboot/stage1", "/mkboot/stage2"
#: The installer's hooks on slice 0.
CONFIG_FOLDER = "/.install_config"
RULES = "/.install_config/rules.ok"
BEGIN, FINISH = "restore.beg", "restore.fin"
#: The seed that makes the boot hands-free, below a layout's seed folder.
HANDS_FREE = ".install_boot"
#: On the restored root: the second stage, and what starts it.
STAGE_2_ROOT = "/mkboot"
START_RC = "/etc/rcS.d/S99mkboot"
START_SMF = "/var/svc/manifest/site/mkboot.xml"
RESTORE_LOG = "/var/adm/mkboot.log"
#: What such a file may be called: nothing that a shell or a list of checksums reads otherwise.
BORROWED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


def segment_path(
    slice_: str, level: int, index: int, count: int, packing: Packing = Packing.NONE
) -> str:
    """``/mkboot/seg/FS.LEVEL.NNN``; NNN counts from 1 and has as many digits as the last.

    What is compressed has ``.Z`` or ``.gz`` behind it.
    """
    width = max(3, len(str(count)))
    return f"{SEGMENT_FOLDER}/{slice_}.{level}.{index + 1:0{width}d}{packing.suffix}"


def marker_path(set_id: str, number: int) -> str:
    """A file whose name says which volume of which set this is."""
    return f"/mkboot/id/{set_id}.{number}"


def vtoc_path(disk: str) -> str:
    """A disk's slice table."""
    return f"/mkboot/disks/{disk}.vtoc"


def boot_block_path(slice_: str) -> str:
    """The captured boot block of a slice."""
    return f"/mkboot/boot/{slice_}.bootblk"


def _first_volume(manifest: SetManifest) -> Iterator[str]:
    """What volume 1 alone has: the engine with its plan, and what is borrowed."""
    yield from (f"{ENGINE_FOLDER}/{name}" for name in (*ENGINE_FILES, *STARTERS))
    from mkboot.recovery.plan import has_later

    yield STAGE_1
    if manifest.strategy == "root-first" and has_later(manifest):
        yield STAGE_2
    yield from (b.file for b in manifest.borrowed)


def listed_files(manifest: SetManifest, number: int) -> frozenset[str]:
    """Every file below /mkboot of a volume that its cksum.txt lists."""
    return frozenset(
        (
            "/mkboot/set.json",
            "/mkboot/volume.json",
            RUNBOOK,
            *(_first_volume(manifest) if number == 1 else ()),
            marker_path(manifest.set_id, number),
            *(vtoc_path(disk.name) for disk in manifest.system.disks),
            *(boot_block_path(block.slice) for block in manifest.system.boot_blocks),
            *(s.file for t in manifest.streams for s in t.segments if s.volume == number),
        )
    )
