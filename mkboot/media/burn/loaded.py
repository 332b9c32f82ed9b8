# SPDX-License-Identifier: Apache-2.0
"""What lies in a drive, as the burning program tells it, and whether an image may go on it.

Blocks are of 2048 bytes.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from mkboot.errors import CallerError, StoppedError
from mkboot.model.sizes import BLOCK, MEDIA, RUN_OUT, show_size


class State(enum.StrEnum):
    """What can be done with a disc."""

    BLANK = "blank"
    APPENDABLE = "appendable"
    CLOSED = "closed"
    NONE = "none"


#: What one times the speed is, in kB/s: raw sectors on a CD (MMC), user data on the others.
SINGLE: Mapping[str, float] = {"CD": 176.4, "DVD": 1385.0, "BD": 4495.625}
#: The names that the programs have for a plain file that stands for a disc.
STDIO_KIND = "stdio file"
_NEXT_DISC = "put another disc into the drive and give the same command again"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A disc in a drive.

    ``kind`` is the programs' own word (``CD-R``, ``DVD+RW``, ``stdio file``), ``blocks`` how
    many blocks go on it when it is blank (None: the program does not tell), ``speeds`` the
    write speeds that the drive offers for it, in kB/s.
    """

    kind: str
    state: State
    rewritable: bool
    blocks: int | None
    speeds: tuple[float, ...] = ()

    @property
    def family(self) -> str:
        """``CD``, ``DVD``, ``BD``, or empty for what is no disc."""
        return next((name for name in SINGLE if self.kind.startswith(name)), "")

    def capacity(self) -> int | None:
        """Its blocks; where the program does not tell them, the least that such a disc has."""
        if self.blocks is not None:
            return self.blocks
        if self.family == "DVD":
            return MEDIA["dvd-dl" if "DL" in self.kind else "dvd"]
        return None


def blocks_of(size: int) -> int:
    """How many blocks hold ``size`` bytes."""
    return -(-size // BLOCK)


def refuse_unfit(loaded: Loaded, size: int, where: str) -> None:
    """Raise ``StoppedError`` unless an image of ``size`` bytes can be written on the disc."""
    refuse_written(loaded, where)
    capacity = loaded.capacity()
    if capacity is not None and blocks_of(size) > capacity:
        raise StoppedError(
            f"the {loaded.kind} in {where} is too small: it takes {capacity} blocks of {BLOCK} "
            f"bytes ({show_size(capacity * BLOCK)}), the image has {blocks_of(size)} "
            f"({show_size(size)})",
            hint="take a larger disc, or build the set for this medium (--media)",
        )


def refuse_no_drive(loaded: Loaded, where: str) -> None:
    """Raise ``CallerError`` for a device that is no burner.

    A program that takes it for a file would overwrite it: a hard disk, say.
    """
    if "stdio" in loaded.kind:
        raise CallerError(
            f"{where} is no burner: it may be a disk, which would be overwritten",
            hint="lsblk lists drives; stdio:FILE writes to a file",
        )


def refuse_written(loaded: Loaded, where: str) -> None:
    """Raise ``StoppedError`` unless there is a blank disc."""
    if loaded.state is State.NONE:
        raise StoppedError(f"there is no disc in {where}", hint=_NEXT_DISC)
    if loaded.state is State.BLANK:
        return
    held = {
        State.APPENDABLE: "holds a session already; an image is written on a blank disc only",
        State.CLOSED: "is written and closed",
    }[loaded.state]
    hint = _NEXT_DISC
    if loaded.rewritable:
        hint = "--blank erases it first, or put a blank disc into the drive"
    raise StoppedError(f"the {loaded.kind} in {where} {held}", hint=hint)


def run_out(loaded: Loaded, size: int) -> int:
    """How many empty blocks are written after the image.

    A drive that reads ahead meets the end of a CD as a read error; so do Linux and old
    drives with the last blocks of a track.  What fits of ``RUN_OUT`` blocks is kept between
    the image and the end.  DVDs and files need none.
    """
    if loaded.family != "CD":
        return 0
    capacity = loaded.capacity()
    left = RUN_OUT if capacity is None else capacity - blocks_of(size)
    return max(0, min(RUN_OUT, left))


def warnings_of(loaded: Loaded) -> list[str]:
    """What an old drive makes of such a disc, in words."""
    if loaded.family == "DVD":
        return [f"this is a {loaded.kind}: a CD-ROM drive cannot read it at all"]
    if loaded.family == "BD":
        return [f"this is a {loaded.kind}: no drive of a Sun of that time reads it"]
    if loaded.kind == "CD-RW":
        return [
            "CD-RWs reflect too little for many CD-ROM drives made before 1998: a CD-R is safer"
        ]
    if loaded.family == "CD" and (loaded.blocks or 0) > MEDIA["cd650"] + RUN_OUT:
        return ["this is an 80-minute disc: some old drives read its outer part badly"]
    return []
