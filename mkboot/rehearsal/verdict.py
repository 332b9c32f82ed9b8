# SPDX-License-Identifier: Apache-2.0
"""What a rehearsal found, as values: what the run did, what the judge says, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from mkboot.tree.names import show

#: So many differences of one file system are told one by one.
TOLD = 100


class Word(StrEnum):
    """The verdict.  ``not-modelled`` is never a pass: the machine met what it does not know."""

    RESTORED = "restored"
    FAILED = "failed"
    NOT_MODELLED = "not-modelled"


class Status(StrEnum):
    """How a step ended: ``cut`` by a power cut, ``begun`` when nobody saw it end."""

    DONE = "done"
    FAILED = "failed"
    CUT = "cut"
    BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step that the console announced.

    ``seconds`` are the workstation's, not a Sun's; ``number`` of ``of`` counts within the
    stage; ``detail`` is the last line the step said.
    """

    id: str
    stage: int
    number: int
    of: int
    text: str
    status: Status
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the machine: what from, what was typed at ``ok``, and how it ended."""

    source: str
    typed: str
    ended: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """Something that the console wanted of a person, and what the person did.

    ``kind`` is ``disc`` or ``question``.
    """

    kind: str
    asked: str
    done: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What happened on the machine, in the words of its console and of its starts.

    ``finished`` is whether the machine came up as the restored system; ``reason`` why not.
    ``not_modelled`` is the command and the form that the machine does not know.
    """

    finished: bool
    reason: str
    steps: tuple[StepRecord, ...] = ()
    boots: tuple[Boot, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    assumed: tuple[str, ...] = ()
    not_modelled: tuple[str, str] | None = None
    nvram: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def questions(self) -> int:
        """Reads from the console that were no prompt for a disc."""
        return sum(1 for e in self.exchanges if e.kind == "question")

    @property
    def disc_changes(self) -> int:
        """Prompts for a disc."""
        return sum(1 for e in self.exchanges if e.kind == "disc")


@dataclass(frozen=True, slots=True)
class JudgedFileSystem:
    """A file system of the source beside what is on the restored disk.

    ``files_expected`` counts the names of the source, ``files_restored`` those that are
    there and differ in nothing that counts.  ``differences`` are at most ``TOLD`` and a line
    that counts the rest; ``allowed`` are changes that the disc announced.
    """

    mount: bytes
    device: str
    files_expected: int
    files_restored: int
    bytes_compared: int
    differences: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing differs that counts, and something was looked at."""
        return not self.differences and self.files_expected > 0


@dataclass(frozen=True, slots=True)
class JudgedDisk:
    """A disk's label table beside the source's."""

    name: str
    slices: int
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that the judge compared."""

    disks: tuple[JudgedDisk, ...]
    file_systems: tuple[JudgedFileSystem, ...]

    @property
    def good(self) -> bool:
        """Whether everything is as it was; a judge who looked at nothing says no."""
        looked = bool(self.disks) and bool(self.file_systems)
        return (
            looked
            and all(fs.good for fs in self.file_systems)
            and not any(d.differences for d in self.disks)
        )

    @property
    def first(self) -> str:
        """The first difference, empty if there is none."""
        for disk in self.disks:
            if disk.differences:
                return f"{disk.name}: {disk.differences[0]}"
        for fs in self.file_systems:
            if not fs.good:
                what = fs.differences[0] if fs.differences else "nothing was compared"
                return f"{show(fs.mount) or fs.device}: {what}"
        return "" if self.disks and self.file_systems else "nothing was compared"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The whole rehearsal.

    ``boots`` is the firmware's word on the restored disk, None where it could not be asked.
    """

    strategy: str
    run: RunRecord
    judgement: Judgement
    boots: bool | None
    faults: tuple[str, ...] = ()

    @property
    def verdict(self) -> Word:
        """``restored`` only where run, judge and firmware all agree."""
        if self.run.not_modelled is not None:
            return Word.NOT_MODELLED
        good = self.run.finished and self.judgement.good and self.boots is not False
        return Word.RESTORED if good else Word.FAILED

    @property
    def reason(self) -> str:
        """Why it is not ``restored``; empty if it is."""
        if self.run.not_modelled is not None:
            command, form = self.run.not_modelled
            return f"not modelled: {command}: {form}"
        if not self.run.finished:
            return self.run.reason
        if not self.judgement.good:
            return self.judgement.first
        return "the firmware does not boot the restored disk" if self.boots is False else ""

    def as_json(self) -> dict[str, object]:
        """The document of ``rehearse --json``; the keys of the contract first."""
        run = self.run
        return {
            "verdict": str(self.verdict),
            "strategy": self.strategy,
            "steps": [_step_json(step) for step in run.steps],
            "questions": run.questions,
            "disc_changes": run.disc_changes,
            "file_systems": [_file_system_json(fs) for fs in self.judgement.file_systems],
            "boots": self.boots,
            "assumed": list(run.assumed),
            "reason": self.reason,
            "not_modelled": _not_modelled_json(run.not_modelled),
            "disks": [
                {"name": d.name, "slices": d.slices, "differences": list(d.differences)}
                for d in self.judgement.disks
            ],
            "starts": [{**asdict(b), "seconds": round(b.seconds, 3)} for b in run.boots],
            "exchanges": [asdict(exchange) for exchange in run.exchanges],
            "faults": list(self.faults),
            "nvram": dict(run.nvram),
            "seconds": round(run.seconds, 3),
        }


def _step_json(step: StepRecord) -> dict[str, object]:
    return {
        "id": step.id,
        "stage": step.stage,
        "status": str(step.status),
        "seconds": round(step.seconds, 3),
        "detail": step.detail,
        "text": step.text,
    }


def _file_system_json(fs: JudgedFileSystem) -> dict[str, object]:
    return {
        "mount": show(fs.mount),
        "device": fs.device,
        "files_expected": fs.files_expected,
        "files_restored": fs.files_restored,
        "differences": list(fs.differences),
        "allowed": list(fs.allowed),
        "bytes_compared": fs.bytes_compared,
    }


def _not_modelled_json(what: tuple[str, str] | None) -> dict[str, str] | None:
    return None if what is None else {"command": what[0], "form": what[1]}
