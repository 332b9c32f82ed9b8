# SPDX-License-Identifier: Apache-2.0
"""Discs for emulated drives: copied under the right names, read back, and the settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, StoppedError, stopped_by
from mkboot.media.burn.drives import Drive, open_disc
from mkboot.media.burn.emulators import CD_TARGET, Emulator, Settings, image_name, settings_for
from mkboot.media.burn.readback import compare_disc
from mkboot.output import complete_files, refuse_existing
from mkboot.progress import Progress
from mkboot.tree.content import CHUNK
from mkboot.tree.source import FileSource
from mkboot.workflows.burn_discs import Disc, discs_of


@dataclass(frozen=True, slots=True)
class Emulated:
    """The images that lie in the folder now, in the discs' order, and what is set for them."""

    emulator: Emulator
    discs: tuple[Disc, ...]
    files: tuple[Path, ...]
    settings: Settings

    def as_json(self) -> dict[str, object]:
        """The document of ``--json``."""
        return {
            "verdict": "burnt",
            "emulator": self.emulator,
            "discs": [
                {"number": d.number, "of": d.of, "size": d.size, "inscription": d.inscription,
                 "status": "burnt", "file": os.fsencode(path)}
                for d, path in zip(self.discs, self.files, strict=True)
            ],
            "settings_file": self.settings.file,
            "settings": list(self.settings.lines),
            "notes": list(self.settings.notes),
        }  # fmt: skip


def emulate(
    paths: Sequence[Path],
    folder: Path,
    emulator: Emulator,
    progress: Progress,
    *,
    target: int = CD_TARGET,
    only: tuple[int, ...] = (),
    force: bool = False,
) -> Emulated:
    """Copy the discs into ``folder`` and say what is set for them.

    All files get their names together, when the last has been read back.  Raises
    ``CallerError`` when the folder or the target is none, or a file is there already.
    """
    if not folder.is_dir():
        raise CallerError(f"{folder} is no directory", hint="--drive is where the card is mounted")
    if not 0 <= target <= 7:
        raise CallerError(f"--target is from 0 to 7, not {target}")
    discs = discs_of(paths, only)
    files = tuple(
        folder / image_name(emulator, target, d.number, len(discs), d.image.name) for d in discs
    )
    _refuse(discs, files, force=force)
    with complete_files(files, force=force) as partials:
        for disc, partial in zip(discs, partials, strict=True):
            _copy(disc, partial, progress)
            _prove(disc, partial, progress)
    return Emulated(emulator, discs, files, settings_for(emulator, target, files))


def _refuse(discs: Sequence[Disc], files: Sequence[Path], *, force: bool) -> None:
    if len(set(files)) < len(files):
        raise CallerError("two images have the same name", hint="give them names of their own")
    for disc, path in zip(discs, files, strict=True):
        if path.exists() and path.samefile(disc.image):
            raise CallerError(f"{path} is the image itself", hint="give another folder")
        refuse_existing(path, force=force)


def _copy(disc: Disc, partial: Path, progress: Progress) -> None:
    what = f"copy disc {disc.number} of {disc.of}"
    with (
        progress.step(what, disc.size, "bytes") as step,
        FileSource(disc.image) as source,
        partial.open("r+b") as out,
    ):
        try:
            for offset in range(0, disc.size, CHUNK):
                step.advance(out.write(source.pread(offset, CHUNK)))
            out.flush()
            os.fsync(out.fileno())
        except OSError as e:
            raise stopped_by(e, str(partial)) from e


def _prove(disc: Disc, partial: Path, progress: Progress) -> None:
    what = f"read back disc {disc.number} of {disc.of}"
    with (
        progress.step(what, disc.size, "bytes") as step,
        FileSource(disc.image) as image,
        open_disc(Drive(partial, is_file=True)) as reader,
    ):
        found = compare_disc(image, reader, step.advance)
    if not found.sound:
        where = found.bad[0] if found.bad else "it is too short"
        raise StoppedError(f"{partial.parent} does not keep what is written on it: {where}",
                           hint="take another card")  # fmt: skip
