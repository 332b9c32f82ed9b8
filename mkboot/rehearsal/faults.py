# SPDX-License-Identifier: Apache-2.0
"""What is made to go wrong in a rehearsal: ``--fault KIND[=ARG]`` as values, and how each is
put into the discs, the drives and the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mkboot.errors import CallerError, InputError
from mkboot.formats.iso import read_iso
from mkboot.formats.label import SECTOR
from mkboot.rehearsal.hardware import Disc
from mkboot.tree.content import RunsContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType

#: A sector of a CD, in sectors of 512 bytes.
_CD_SECTOR = 4
_SEGMENTS = b"/mkboot/seg"


class FaultKind(StrEnum):
    """The faults of the command line, and behind them two for tests."""

    FLIP = "flip"
    WRONG_DISC = "wrong-disc"
    NO_DISC = "no-disc"
    POWER_CUT = "power-cut"
    NO_COMMAND = "no-command"
    BAD_SECTOR = "bad-sector"
    RENUMBER = "renumber-controllers"


_VOLUMES = frozenset(
    {FaultKind.FLIP, FaultKind.WRONG_DISC, FaultKind.NO_DISC, FaultKind.BAD_SECTOR}
)
_WITHOUT = frozenset({FaultKind.RENUMBER})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``volume`` for those of a disc, else 0; ``name`` is a step or a command."""

    kind: FaultKind
    volume: int = 0
    name: str = ""

    def __str__(self) -> str:
        argument = str(self.volume) if self.volume else self.name
        return f"{self.kind}={argument}" if argument else str(self.kind)


def parse_fault(text: str) -> Fault:
    """``flip=2``, ``power-cut=newfs-c0t0d0s0`` …; ``CallerError`` for what is none."""
    word, equals, argument = text.partition("=")
    try:
        kind = FaultKind(word)
    except ValueError:
        known = ", ".join(FaultKind)
        raise CallerError(f"--fault {text}: no such fault", hint=f"there are {known}") from None
    if kind in _WITHOUT:
        if equals:
            raise CallerError(f"--fault {text}: {kind} takes no argument")
        return Fault(kind)
    if not argument:
        what = "VOLUME" if kind in _VOLUMES else "STEP" if kind is FaultKind.POWER_CUT else "NAME"
        raise CallerError(f"--fault {text}: an argument is missing", hint=f"{kind}={what}")
    if kind not in _VOLUMES:
        if not re.fullmatch(r"[A-Za-z0-9._+-]+", argument):
            raise CallerError(f"--fault {text}: {argument!r} is no name of a step or command")
        return Fault(kind, name=argument)
    if not re.fullmatch(r"[1-9][0-9]{0,3}", argument):
        raise CallerError(f"--fault {text}: {argument!r} is no number of a volume")
    return Fault(kind, volume=int(argument))


def of_kind(faults: Iterable[Fault], kind: FaultKind) -> tuple[Fault, ...]:
    """Those of one kind, in their order."""
    return tuple(f for f in faults if f.kind is kind)


def spoil(disc: Disc, fault: Fault) -> str:
    """Put a flipped byte or a bad sector into the middle of a disc's last segment.

    What was done is told, for the report.  Raises ``InputError`` for a disc without one.
    """
    path, size, at = _last_segment(disc)
    middle = at + size // 2
    if fault.kind is FaultKind.FLIP:
        disc.faults.flips[middle] = 0x01
        return f"{path}: byte {middle - at} is turned"
    sector = middle // SECTOR // _CD_SECTOR * _CD_SECTOR
    disc.faults.bad.update(range(sector, sector + _CD_SECTOR))
    return f"{path}: sector {sector // _CD_SECTOR} of the disc cannot be read"


def _last_segment(disc: Disc) -> tuple[str, int, int]:
    """Path, size, and offset on the disc of its last segment."""
    tree = read_iso(disc.source, place=(disc.image.name,)).tree
    folder = tree.find(_SEGMENTS)
    found = [] if folder is None else sorted(tree.children(folder).items())
    for name, number in reversed(found):
        content = tree.nodes[number].content
        if tree.nodes[number].type is NodeType.FILE and content.size:
            if not isinstance(content, RunsContent):
                break
            return f"{(_SEGMENTS + b'/' + name).decode()}", content.size, content.runs[0][2]
    raise InputError("has no segment that could be spoilt", place=(disc.image.name,))


def without_command(tree: FileTree, name: str) -> FileTree:
    """The tree without every file of that name in a directory of programs; the same object
    where there is none.
    """
    end = b"/" + name.encode()
    gone = [
        e.path
        for e in tree.walk()
        if e.path.endswith(end)
        and not e.node.is_directory
        and _holds_programs(e.path.rpartition(b"/")[0])
    ]
    if not gone:
        return tree
    builder = tree.edit()
    for path in gone:
        folder, _, last = path.rpartition(b"/")
        parent = builder.find(folder or b"/")
        if parent is not None:
            builder.unlink(parent, last)
    return builder.build()


def _holds_programs(folder: bytes) -> bool:
    """Whether a directory is one that commands are found in."""
    return folder.rpartition(b"/")[2] in (b"bin", b"sbin", b"ufs", b"install.d", b"etc")
