# SPDX-License-Identifier: Apache-2.0
"""Whether a UFS was left in order: the clean byte, the state word, the log.

Source: illumos sys/fs/ufs_fs.h and uts/common/fs/ufs/ufs_vfsops.c, in own words.
"""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.formats.ufs import structs
from mkboot.formats.ufs.structs import Superblock

_WORDS = {
    structs.CLEAN_ACTIVE: "in use (mounted, or not unmounted)",
    structs.CLEAN: "clean",
    structs.CLEAN_STABLE: "stable",
    structs.CLEAN_FIX: "under repair",
    structs.CLEAN_LOG: "logging",
    structs.CLEAN_SUSPEND: "suspended",
    structs.CLEAN_BAD: "bad",
}


@dataclass(frozen=True, slots=True)
class UfsState:
    """``clean`` is the byte; it means something only where ``state_holds``.

    ``log_unrolled``: changes may stand in the log that the file system itself lacks.
    ``words`` is for people.
    """

    clean: int
    state_holds: bool
    is_clean: bool
    is_logging: bool
    log_unrolled: bool
    words: str


def state_of(sb: Superblock) -> UfsState:
    """The state that a superblock tells.

    A superblock of a release that does not know the rolled word has 0 there: a logging
    file system then counts as not rolled.
    """
    holds = (sb.state + sb.time) & 0xFFFFFFFF == structs.STATE_OK
    logging = sb.clean == structs.CLEAN_LOG
    unrolled = (logging and sb.rolled != structs.ROLLED_ALL) or (
        sb.logbno != 0 and sb.rolled == structs.ROLLED_NEED
    )
    words = _WORDS.get(sb.clean, f"unknown (0x{sb.clean:02x})")
    if not holds:
        words += ", and its state word does not hold"
    if unrolled:
        words += ", with a log that was not rolled"
    return UfsState(
        clean=sb.clean,
        state_holds=holds,
        is_clean=holds
        and not unrolled
        and sb.clean in (structs.CLEAN, structs.CLEAN_STABLE, structs.CLEAN_LOG),
        is_logging=logging or sb.logbno != 0,
        log_unrolled=unrolled,
        words=words,
    )
