# SPDX-License-Identifier: Apache-2.0
"""Every command of the Sun that the engine calls (templates/jumpstart), as data.

``build`` looks for them on the base medium and borrows from the captured host what is
missing there; the engine looks for them again before anything is written.  A test holds
this list against the scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.model.packing import Packing

#: Where the engine looks, in its order; then in /mkboot/bin.
DIRECTORIES = ("/sbin", "/usr/sbin", "/usr/bin", "/usr/lib/fs/ufs")


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """One need: the first of ``names`` that is there serves.

    ``stages`` call it; ``optional``: the engine does without; ``packing``: only where
    segments are packed so.
    """

    names: tuple[str, ...]
    stages: tuple[int, ...] = (1, 2)
    optional: bool = False
    packing: Packing = Packing.NONE

    @property
    def word(self) -> str:
        """As the plan names it: one word, with blanks between alternatives."""
        return " ".join(self.names)


def _all(*names: str) -> tuple[EngineCommand, ...]:
    return tuple(EngineCommand((name,)) for name in names)


def _first(*names: str) -> tuple[EngineCommand, ...]:
    return tuple(EngineCommand((name,), stages=(1,)) for name in names)


ENGINE_COMMANDS: tuple[EngineCommand, ...] = (
    *_all("cat", "cksum", "cmp", "expr", "fsck", "grep", "ls", "mkdir", "mount", "newfs",
          "prtconf", "prtvtoc", "reboot", "rm", "sed", "sync", "tr", "ufsrestore", "umount"),
    *_first("chmod", "cp", "eeprom", "fmthard", "format", "installboot", "swap", "uname"),
    EngineCommand(("uncompress", "zcat", "gzip"), packing=Packing.COMPRESS),
    EngineCommand(("gzip",), packing=Packing.GZIP),
    EngineCommand(("eject",), stages=(2,), optional=True),
    EngineCommand(("sleep",), optional=True),
    EngineCommand(("touch",), optional=True),
    EngineCommand(("uadmin",), optional=True),
    EngineCommand(("svccfg",), stages=(2,), optional=True),
)  # fmt: skip


def needed(stage: int, packing: Packing) -> tuple[EngineCommand, ...]:
    """What must be there for a set whose segments are packed so, optional ones left out."""
    return tuple(
        c
        for c in ENGINE_COMMANDS
        if stage in c.stages and not c.optional and c.packing in (Packing.NONE, packing)
    )


def words(commands: Sequence[EngineCommand]) -> tuple[str, ...]:
    """The words of the plan's line that has the engine look for them."""
    return tuple(c.word for c in commands)
