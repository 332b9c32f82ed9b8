# SPDX-License-Identifier: Apache-2.0
"""The person at the console: puts in the disc that is asked for, answers what can be answered.

The person knows the run book, not the plan: the prompt names a volume, and that disc is
taken from the shelf; with a fault a wrong one first, none, or one that is spoilt, and then
the good one.  Everything else that is read from the console is a question and is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.rehearsal.faults import Fault, FaultKind, of_kind, spoil
from mkboot.rehearsal.hardware import DeviceError, Disc, Drive
from mkboot.rehearsal.transcript import Transcript
from mkboot.rehearsal.verdict import Exchange

_PROMPT = re.compile(
    rb"mkboot: put volume ([0-9]{1,4}) of ([0-9]{1,4}) \((.*)\) into the drive, "
    rb"then press Return: ?\Z"
)
#: The prompt of a shell that waits for a command, not for an answer.
_SHELL = re.compile(rb"(?:\A|\n)[#$>] ?\Z")
#: The faults of discs, in the order in which they happen to one volume.
_KINDS = (FaultKind.NO_DISC, FaultKind.WRONG_DISC, FaultKind.FLIP, FaultKind.BAD_SECTOR)
#: How often in a row the same words may be asked before the person has had enough.
_PATIENCE = 4


@dataclass(frozen=True, slots=True)
class Shelf:
    """The discs at hand: volumes by their number, and perhaps a disc of no set."""

    volumes: Mapping[int, Path]
    foreign: Path | None = None

    def another(self, volume: int) -> Path | None:
        """A disc that is not ``volume``: a foreign one, else the next of the set."""
        if self.foreign is not None:
            return self.foreign
        others = [n for n in sorted(self.volumes) if n != volume]
        later = [n for n in others if n > volume] or others
        return self.volumes[later[0]] if later else None


@dataclass(slots=True)
class Person:
    """Reads what the console shows when a program reads from it, and does something.

    ``answers`` are patterns of questions with what is typed.  ``stuck`` tells why the person
    went away; from then on every read finds the end of file.
    """

    drives: Sequence[Drive]
    shelf: Shelf
    transcript: Transcript
    faults: tuple[Fault, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    exchanges: list[Exchange] = field(default_factory=list)
    stuck: str = ""
    _used: set[Fault] = field(default_factory=set)
    _last: bytes = b""
    _times: int = 0

    def first_disc(self) -> str:
        """Put volume 1 into the first drive before the machine is switched on."""
        return self._put(1)

    def unused(self) -> tuple[Fault, ...]:
        """The faults of discs that did not come to pass: nobody asked for the disc."""
        mine = (f for kind in _KINDS for f in of_kind(self.faults, kind))
        return tuple(f for f in mine if f not in self._used)

    def asked(self) -> bytes | None:
        """What is typed now that somebody reads, or None for the end of file."""
        shown = self.transcript.tail
        prompt = _PROMPT.search(shown)
        if self.stuck:
            return None
        if prompt is None and (self.transcript.stopped or _SHELL.search(shown)):
            self.stuck = self.transcript.stopped or "a shell waits for a command"
            return None
        text = shown.rpartition(b"\n")[2] if prompt is None else prompt[0]
        self._times = self._times + 1 if text == self._last else 1
        self._last = text
        if self._times > _PATIENCE:
            self.stuck = f"asks again and again: {_show(text)}"
            return None
        return self._question(text) if prompt is None else self._disc(text, int(prompt[1]))

    def _disc(self, text: bytes, volume: int) -> bytes | None:
        done = self._put(volume)
        self.exchanges.append(Exchange("disc", _show(text), done))
        return None if self.stuck else b"\n"

    def _question(self, text: bytes) -> bytes | None:
        shown = _show(text)
        for pattern, answer in self.answers:
            if re.search(pattern, shown):
                self.exchanges.append(Exchange("question", shown, answer))
                return answer.encode() + b"\n"
        self.exchanges.append(Exchange("question", shown, "Return"))
        return b"\n"

    def _put(self, volume: int) -> str:
        """Put a disc into the drive; what was done, in words."""
        fault = self._fault_of(volume)
        if fault is not None and fault.kind is FaultKind.NO_DISC:
            return self._insert(None, "no disc")
        if fault is not None and fault.kind is FaultKind.WRONG_DISC:
            other = self.shelf.another(volume)
            return self._insert(other, f"{other.name if other else 'no disc'} instead")
        image = self.shelf.volumes.get(volume)
        if image is None:
            self.stuck = f"there is no disc of volume {volume}"
            return self.stuck
        done = self._insert(image, image.name)
        if fault is not None and not self.stuck:
            done += f", spoilt: {self._spoil(fault)}"
        return done

    def _spoil(self, fault: Fault) -> str:
        disc = self._drive().disc
        return spoil(disc, fault) if disc is not None else ""

    def _fault_of(self, volume: int) -> Fault | None:
        """The next fault that is planned for this volume; each happens once."""
        for kind in _KINDS:
            for fault in of_kind(self.faults, kind):
                if fault.volume == volume and fault not in self._used:
                    self._used.add(fault)
                    return fault
        return None

    def _drive(self) -> Drive:
        """The drive that a disc goes into: one whose disc can be taken out, else the first."""
        free = [d for d in self.drives if not d.locked]
        return free[0] if free else self.drives[0]

    def _insert(self, image: Path | None, words: str) -> str:
        if not self.drives:
            self.stuck = "the machine has no drive"
            return self.stuck
        try:
            self._drive().insert(None if image is None else Disc(image))
        except DeviceError:
            self.stuck = "the drive does not let its disc go"
            return self.stuck
        return words


def _show(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace").strip()
