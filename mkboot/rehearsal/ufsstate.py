# SPDX-License-Identifier: Apache-2.0
"""A UFS's state in its superblock, as mounting, unmounting and fsck change it."""

from __future__ import annotations

from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.ufs.structs import (
    CLEAN,
    CLEAN_ACTIVE,
    STATE_OK,
    SUPERBLOCK_AT,
    Superblock,
    build_superblock,
)
from mkboot.formats.ufs.superblock import read_superblock
from mkboot.rehearsal.hardware import SliceWindow

_FSMNT = 512


def mark_active(window: SliceWindow, mount_point: bytes) -> None:
    """What mounting read-write writes: in use, and where.  Raises ``InputError`` for no UFS,
    ``DeviceError`` where the superblock cannot be read or written.
    """
    _change(window, CLEAN_ACTIVE, mount_point)


def mark_clean(window: SliceWindow) -> None:
    """What unmounting, or fsck when it is through, writes: clean, and a state word that holds."""
    _change(window, CLEAN, None)


def is_clean(window: SliceWindow) -> bool:
    """Whether Solaris would mount it read-write: flag and state word agree that it is in order.

    A log that was not rolled is no hindrance: the mount rolls it.
    Source: illumos uts/common/fs/ufs/ufs_vfsops.c, in own words.
    """
    superblock, _ = read_superblock(window, ())
    holds = (superblock.state + superblock.time) & 0xFFFFFFFF == STATE_OK
    return holds and superblock.clean not in (CLEAN_ACTIVE, *_BROKEN)


#: Under repair, suspended, bad.
_BROKEN = (0xFC, 0xFE, 0xFF)


def last_mounted(window: SliceWindow) -> bytes:
    """Where it was mounted last; empty where that is not known or there is no UFS."""
    try:
        superblock, _ = read_superblock(window, ())
    except InputError:
        return b""
    return superblock.fsmnt.split(b"\0")[0]


def _change(window: SliceWindow, clean: int, mount_point: bytes | None) -> None:
    superblock, order = read_superblock(window, ())
    made: Superblock = replace(
        superblock, clean=clean, state=(STATE_OK - superblock.time) & 0xFFFFFFFF, fmod=0
    )
    if mount_point is not None:
        made = replace(made, fsmnt=mount_point[: _FSMNT - 1].ljust(_FSMNT, b"\0"))
    window.pwrite(SUPERBLOCK_AT, build_superblock(made, order))
