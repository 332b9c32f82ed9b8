# SPDX-License-Identifier: Apache-2.0
"""Faults of a file system, and what was looked at to find them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mkboot.formats.ufs.structs import ByteOrder, Superblock

#: So many faults of one code are kept; of the others only their number.
MOST_OF_A_CODE = 200


class Phase(StrEnum):
    """fsck's phases, in their order; the first is what comes before phase 1."""

    SUPERBLOCK = "superblock"
    BLOCKS = "1"
    NAMES = "2"
    CONNECTIVITY = "3"
    ACLS = "3b"
    LINKS = "4"
    GROUPS = "5"

    @property
    def heading(self) -> str:
        """What is looked at, for people."""
        return _HEADINGS[self]


_HEADINGS = {
    Phase.SUPERBLOCK: "Superblocks and their state",
    Phase.BLOCKS: "Phase 1: blocks and sizes",
    Phase.NAMES: "Phase 2: path names",
    Phase.CONNECTIVITY: "Phase 3: connectivity",
    Phase.ACLS: "Phase 3b: shadows and ACLs",
    Phase.LINKS: "Phase 4: reference counts",
    Phase.GROUPS: "Phase 5: cylinder groups",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    ``place`` is "superblock", "inode 345", "block 12345 (cylinder group 3)", … (blocks are
    numbered by fragments); ``path`` one of the inode's names, where it has one.
    ``overlooked``: fsck does not look at it.
    """

    phase: Phase
    code: str
    place: str
    message: str
    overlooked: bool = False
    inode: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """How much was looked at.  ``fragments`` are those of the whole file system."""

    superblocks: int = 0
    groups: int = 0
    fragments: int = 0
    inodes: int = 0
    directories: int = 0
    names: int = 0
    acls: int = 0


@dataclass(frozen=True, slots=True)
class FsckReport:
    """``files``, ``used``, ``free`` and so on are what was counted, as in fsck's last line:
    inodes, fragments in use and free, of these ``free_fragments`` single and ``free_blocks``
    whole blocks.  ``counts`` has the number of faults by code, those not kept included.
    ``finished``: all phases were gone through.
    """

    byte_order: ByteOrder
    finished: bool
    faults: tuple[Fault, ...]
    counts: dict[str, int]
    looked: Looked
    files: int = 0
    used: int = 0
    free_fragments: int = 0
    free_blocks: int = 0
    frag: int = 1
    data_fragments: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found."""
        return self.finished and not self.counts

    @property
    def free(self) -> int:
        """Free fragments, those in free blocks included."""
        return self.free_blocks * self.frag + self.free_fragments

    def last_line(self) -> str:
        """The line of counts that fsck ends with."""
        share = 100 * self.free_fragments / self.data_fragments if self.data_fragments else 0.0
        return (
            f"{self.files} files, {self.used} used, {self.free} free ({self.free_fragments} "
            f"frags, {self.free_blocks} blocks, {share:.1f}% fragmentation)"
        )


@dataclass(slots=True)
class Collector:
    """Takes in faults; of each code the first ones are kept."""

    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        phase: Phase,
        code: str,
        place: str,
        message: str,
        *,
        overlooked: bool = False,
        inode: int = 0,
    ) -> None:
        """Note a fault; ``inode`` is the one whose path is worth telling."""
        self.counts[code] += 1
        if self.counts[code] <= MOST_OF_A_CODE:
            self.faults.append(Fault(phase, code, place, message, overlooked, inode))

    def inode(
        self, phase: Phase, code: str, ino: int, message: str, *, overlooked: bool = False
    ) -> None:
        """Note a fault of an inode."""
        self.add(phase, code, f"inode {ino}", message, overlooked=overlooked, inode=ino)

    def wanted(self) -> set[int]:
        """The inodes whose paths are worth finding."""
        return {fault.inode for fault in self.faults if fault.inode}

    def finished(self, paths: dict[int, str]) -> Iterator[Fault]:
        """The faults, phase by phase, with paths where they are known."""
        order = list(Phase)
        for fault in sorted(self.faults, key=lambda f: order.index(f.phase)):
            path = paths.get(fault.inode, "")
            yield replace(fault, path=path) if path else fault


def group_place(group: int) -> str:
    """How a cylinder group is named."""
    return f"cylinder group {group}"


def block_place(sb: Superblock, fragment: int) -> str:
    """How a block is named: by the number of its first fragment."""
    return f"block {fragment} (cylinder group {fragment // sb.fpg})"
