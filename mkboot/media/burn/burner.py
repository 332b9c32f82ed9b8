# SPDX-License-Identifier: Apache-2.0
"""What the burning programs have in common: how they are asked, and how they are run."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mkboot.errors import ProgramError
from mkboot.media.burn.drives import Drive
from mkboot.media.burn.loaded import Loaded
from mkboot.media.burn.speeds import Speed
from mkboot.run import Completed, follow, run

#: The image's name where the program is started: none that it could take for an option.
TRACK = "disc.iso"
#: A query takes as long as a drive needs to load a disc; a program that says nothing for
#: longer than any drive blanks or closes a disc hangs.
_QUERY, _SILENCE = 180.0, 3600.0
#: How long a program may take to put its drive to rest.
_FAREWELL = 120.0
_WRITTEN = re.compile(rb"\b([0-9]+) of +([0-9]+) MB written")
_MEGABYTE = 1 << 20
_TOLD = 4


@dataclass(frozen=True, slots=True)
class Order:
    """What is written: ``run_out`` empty blocks of 2048 bytes follow the image."""

    image: Path
    run_out: int
    speed: Speed | None


class Burner(Protocol):
    """A burning program."""

    @property
    def name(self) -> str:
        """The program."""

    @property
    def takes_files(self) -> bool:
        """Whether a plain file can play the disc."""

    def ask(self, drive: Drive) -> Loaded:
        """What lies in the drive; ``ProgramError`` where the program cannot tell."""

    def blanking(self, drive: Drive, loaded: Loaded) -> Sequence[str]:
        """The command line that makes a rewritable disc blank."""

    def writing(self, drive: Drive, loaded: Loaded, order: Order) -> Sequence[str]:
        """The command line that writes ``TRACK`` in its directory as the whole disc."""


def plain() -> dict[str, str]:
    """The environment in which programs speak English."""
    return {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}


def query(argv: Sequence[str]) -> Completed:
    """Ask a program; its exit status is no answer, since much can lack and be no matter."""
    return run(argv, timeout=_QUERY, env=plain(), check=False)


def last_words(said: bytes) -> str:
    """The last lines of a program that mean something, for an error."""
    lines = [line.strip() for line in said.replace(b"\r", b"\n").split(b"\n")]
    told = [line.decode("utf-8", "backslashreplace") for line in lines if line]
    wrong = [t for t in told if re.search(r"SORRY|FAILURE|FATAL|[Ee]rror|[Cc]annot|[Nn]o ", t)]
    return "; ".join((wrong or told)[-_TOLD:])


def blank_disc(burner: Burner, drive: Drive, loaded: Loaded) -> None:
    """Erase a rewritable disc; raises ``ProgramError`` when the program fails."""
    done = follow(
        burner.blanking(drive, loaded),
        lambda _line: None,
        silence=_SILENCE,
        farewell=_FAREWELL,
        env=plain(),
    )
    _judge(burner.name, done, "erasing the disc")


def write_disc(
    burner: Burner, drive: Drive, loaded: Loaded, order: Order, advance: Callable[[int], object]
) -> None:
    """Have the program write; ``advance`` hears of the bytes that it says are written.

    Raises ``ProgramError`` with the program's own words when it fails.  That it does not
    fail proves nothing: the disc must be read back.
    """
    told = _Told(order.image.stat().st_size, advance)
    with tempfile.TemporaryDirectory(prefix="mkboot-burn-") as name:
        folder = Path(name)
        (folder / TRACK).symlink_to(order.image.resolve())
        done = follow(
            burner.writing(drive, loaded, order),
            told.hear,
            silence=_SILENCE,
            farewell=_FAREWELL,
            env=plain(),
            cwd=folder,
        )
    _judge(burner.name, done, "writing the disc")
    told.all_done()


def _judge(name: str, done: Completed, doing: str) -> None:
    if done.status == 0:
        return
    how = f"status {done.status}" if done.status > 0 else f"signal {-done.status}"
    words = last_words(done.stdout)
    raise ProgramError(
        f"{name} ended with {how} while {doing}" + (f": {words}" if words else ""),
        hint="a disc that was written in part is lost unless it can be erased (--blank)",
    )


class _Told:
    """Progress as the programs print it: so many of so many MB."""

    def __init__(self, size: int, advance: Callable[[int], object]) -> None:
        self._size, self._advance, self._done = size, advance, 0

    def hear(self, line: bytes) -> None:
        """A line of the program."""
        found = _WRITTEN.search(line)
        if found:
            self._reach(int(found[1]) * _MEGABYTE)

    def all_done(self) -> None:
        """The program has ended well."""
        self._reach(self._size)

    def _reach(self, count: int) -> None:
        count = min(count, self._size)
        if count > self._done:
            self._advance(count - self._done)
            self._done = count
