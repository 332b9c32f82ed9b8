# SPDX-License-Identifier: Apache-2.0
"""Phase 4, second half: discs are burnt one after the other, and every byte is read back.

What was proved is remembered in ``burnt.toml``, so that the same command goes on with the
next disc after an interruption.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from mkboot.errors import InputError, StoppedError
from mkboot.media.burn.burner import Burner, Order, blank_disc, write_disc
from mkboot.media.burn.choosing import choose_burner
from mkboot.media.burn.drives import Drive, open_disc, open_tray, parse_drive, reload_disc
from mkboot.media.burn.loaded import (
    Loaded,
    State,
    refuse_no_drive,
    refuse_unfit,
    refuse_written,
    run_out,
    warnings_of,
)
from mkboot.media.burn.readback import ReadBack, compare_disc
from mkboot.media.burn.record import (
    BurntDisc,
    add_record,
    find_burnt,
    load_record,
    record_of,
    recorded_sum,
)
from mkboot.media.burn.speeds import Speed, choose_speed
from mkboot.output import complete_file
from mkboot.progress import Progress
from mkboot.tree.content import CHUNK
from mkboot.tree.source import FileSource
from mkboot.workflows.burn_discs import Disc, discs_of, targets_of

Status = Literal["burnt", "already", "bad"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for; ``speed`` is a factor of single speed."""

    drive: str
    program: str | None = None
    speed: float | None = None
    blank: bool = False
    force: bool = False
    only: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a disc; ``proof`` is the read-back, None where it was burnt before."""

    disc: Disc
    status: Status
    drive: str
    medium: str
    speed: Speed | None
    sha256: str
    proof: ReadBack | None


@dataclass(frozen=True, slots=True)
class Burnt:
    """What a run did.  A bad disc ends it: the last of ``outcomes``."""

    program: str
    outcomes: tuple[Outcome, ...]

    @property
    def sound(self) -> bool:
        """Whether every disc that was asked for is proved."""
        return all(each.status != "bad" for each in self.outcomes)

    def as_json(self) -> dict[str, object]:
        """The document of ``--json``."""
        verdict = "burnt" if self.sound else "bad"
        discs = [_as_json(each) for each in self.outcomes]
        return {"verdict": verdict, "program": self.program, "discs": discs}


class Person(Protocol):
    """Who changes the discs.  Both raise ``StoppedError`` when nobody is there."""

    def insert(self, disc: Disc, drive: Drive, why: str) -> None:
        """A blank disc for ``disc`` goes into the drive.

        ``why`` says what is wrong with the one in the drive, if it was looked at.
        """

    def push_tray(self, drive: Drive) -> None:
        """The tray is pushed in again, with the same disc."""


class Nobody:
    """No person: what needs one stops the run."""

    def insert(self, disc: Disc, drive: Drive, why: str) -> None:
        """Stop."""
        raise StoppedError(
            why or f"disc {disc.number} of {disc.of} is next, and nobody changes the disc",
            hint=f"put a blank disc into {drive.path} and give the same command again",
        )

    def push_tray(self, drive: Drive) -> None:
        """Stop."""
        raise StoppedError(
            f"{drive.path} cannot pull its tray in: the disc is not proved",
            hint="push it in; mkboot copy reads the disc, and compares with --expect",
        )


def burn(
    paths: Sequence[Path], wishes: Wishes, progress: Progress, person: Person | None = None
) -> Burnt:
    """Write and prove every disc that ``paths`` are.

    Raises ``CallerError`` for what cannot be meant, ``InputError`` when an image is not what
    its checksum says, ``ProgramError`` when the burning program is missing or fails,
    ``StoppedError`` when a disc does not fit or nobody changes it.
    """
    drive = parse_drive(wishes.drive)
    burner = choose_burner(wishes.program, to_file=drive.is_file)
    discs = discs_of(paths, wishes.only)
    work = _Run(burner, wishes, progress, person or Nobody())
    again = wishes.force or bool(wishes.only) or (len(discs) == 1 and not paths[0].is_dir())
    outcomes: list[Outcome] = []
    for disc, target in zip(discs, targets_of(drive, discs), strict=True):
        outcomes.append(work.one(disc, target, again=again))
        if outcomes[-1].status == "bad":
            break
    return Burnt(burner.name, tuple(outcomes))


class _NotTheSame(Exception):  # noqa: N818 - no error: it carries an answer out of a block
    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class _Run:
    """The discs of one run, one after the other."""

    def __init__(self, burner: Burner, wishes: Wishes, progress: Progress, person: Person) -> None:
        self._burner, self._wishes = burner, wishes
        self._progress, self._person = progress, person
        self._written = False

    def one(self, disc: Disc, drive: Drive, *, again: bool) -> Outcome:
        """Burn one disc unless it is proved already."""
        sha256 = self._look_at(disc)
        record = record_of(disc.image)
        name = os.fsencode(drive.address)
        known = () if again else load_record(record)
        done = find_burnt(known, disc.file, disc.size, sha256, name)
        if done is not None and self._still_holds(drive, sha256):
            return Outcome(disc, "already", drive.address, done.medium, None, sha256, None)
        outcome = self._to_file(disc, drive) if drive.is_file else self._to_drive(disc, drive)
        if outcome.status == "burnt":
            self._remember(record, outcome)
            if disc.of > 1:
                text = f"disc {disc.number} of {disc.of} is proved; write on it: {disc.inscription}"
                self._progress.message(text)
        return outcome

    def _still_holds(self, drive: Drive, sha256: str) -> bool:
        """Whether a file that was proved is as it was; a disc is somewhere else by now."""
        if not drive.is_file:
            return True
        with (
            FileSource(drive.path) as source,
            self._progress.step(f"read {drive.path.name} again", source.size, "bytes") as step,
        ):
            same = _digest(source, step.advance) == sha256
        if not same:
            self._progress.message(f"{drive.path} is not any more what was written and proved")
        return same

    def _look_at(self, disc: Disc) -> str:
        """The image's SHA-256; an image that is not what was built is not worth a disc."""
        with (
            FileSource(disc.image) as source,
            self._progress.step(f"checksum of {disc.image.name}", disc.size, "bytes") as step,
        ):
            found = _digest(source, step.advance)
        wanted = recorded_sum(disc.image)
        if wanted is not None and wanted != found:
            raise InputError(
                "its SHA-256 is not the one in SHA256SUMS beside it",
                place=(str(disc.image),),
                hint="mkboot build JOB --force makes the images again",
            )
        return found

    def _to_file(self, disc: Disc, drive: Drive) -> Outcome:
        """A file gets its name when it is proved, and has the image's bytes and no more."""
        force = self._wishes.force or self._wishes.blank
        try:
            with complete_file(drive.path, force=force) as partial:
                working = Drive(partial, is_file=True)
                loaded = self._burner.ask(working)
                refuse_unfit(loaded, disc.size, str(drive.path))
                outcome = self._write(disc, drive, working, loaded)
                if outcome.status == "bad":
                    raise _NotTheSame(outcome)
                os.truncate(partial, disc.size)
        except _NotTheSame as e:
            return e.outcome
        return outcome

    def _to_drive(self, disc: Disc, drive: Drive) -> Outcome:
        if self._written:
            self._person.insert(disc, drive, "")
        loaded = self._fit_disc(disc, drive)
        for text in warnings_of(loaded):
            self._progress.message(text)
        outcome = self._write(disc, drive, drive, loaded)
        self._written = True
        open_tray(drive)
        return outcome

    def _fit_disc(self, disc: Disc, drive: Drive) -> Loaded:
        """Ask the drive until a disc is in it that takes the image."""
        while True:
            loaded = self._burner.ask(drive)
            refuse_no_drive(loaded, str(drive.path))
            try:
                if self._wishes.blank and loaded.rewritable and loaded.state is not State.BLANK:
                    with self._progress.step(f"erase the {loaded.kind}"):
                        blank_disc(self._burner, drive, loaded)
                    loaded = self._burner.ask(drive)
                refuse_written(loaded, str(drive.path))
                refuse_unfit(loaded, disc.size, str(drive.path))
            except StoppedError as e:
                if isinstance(self._person, Nobody):
                    raise
                open_tray(drive)
                self._person.insert(disc, drive, e.message)
            else:
                return loaded

    def _write(self, disc: Disc, named: Drive, drive: Drive, loaded: Loaded) -> Outcome:
        speed = choose_speed(loaded, self._wishes.speed)
        if speed is not None:
            self._progress.message(f"writing at {speed.factor:g}x, {speed.why}")
        order = Order(disc.image, run_out(loaded, disc.size), speed)
        what = f"disc {disc.number} of {disc.of}"
        with self._progress.step(f"write {what} with {self._burner.name}", disc.size, "bytes") as s:
            write_disc(self._burner, drive, loaded, order, s.advance)
        if not reload_disc(drive):
            self._person.push_tray(drive)
        with (
            self._progress.step(f"read back {what}", disc.size, "bytes") as step,
            FileSource(disc.image) as image,
            open_disc(drive) as reader,
        ):
            proof = compare_disc(image, reader, step.advance)
        status: Status = "burnt" if proof.sound else "bad"
        return Outcome(disc, status, named.address, loaded.kind, speed, proof.sha256, proof)

    def _remember(self, record: Path, outcome: Outcome) -> None:
        disc = outcome.disc
        burnt = BurntDisc(
            file=disc.file,
            size=disc.size,
            sha256=outcome.sha256,
            drive=os.fsencode(outcome.drive),
            program=self._burner.name,
            medium=outcome.medium,
            inscription=disc.inscription,
            burnt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
        try:
            add_record(record, burnt)
        except OSError as e:
            self._progress.message(f"{record}: {e.strerror}: not remembered, the disc is good")


def _digest(source: FileSource, advance: Callable[[int], object]) -> str:
    digest = hashlib.sha256()
    for offset in range(0, source.size, CHUNK):
        piece = source.pread(offset, CHUNK)
        digest.update(piece)
        advance(len(piece))
    return digest.hexdigest()


def _as_json(outcome: Outcome) -> dict[str, object]:
    disc, proof = outcome.disc, outcome.proof
    return {
        "number": disc.number,
        "of": disc.of,
        "file": os.fsencode(disc.image),
        "size": disc.size,
        "sha256": outcome.sha256,
        "inscription": disc.inscription,
        "status": outcome.status,
        "drive": os.fsencode(outcome.drive),
        "medium": outcome.medium,
        "speed": outcome.speed.factor if outcome.speed else None,
        "same": proof.same if proof else None,
        "bad": [{"start": b.start, "end": b.end, "what": b.what} for b in proof.bad]
        if proof
        else [],
        "unnamed": proof.unnamed if proof else 0,
    }
