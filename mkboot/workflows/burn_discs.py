# SPDX-License-Identifier: Apache-2.0
"""Which discs are burnt, and what a person writes on each."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.iso import looks_like_iso, read_iso
from mkboot.media.burn.drives import Drive
from mkboot.model.manifest import SetManifest
from mkboot.output import PARTIAL
from mkboot.recovery.sets import OpenSet, looks_like_set, open_set
from mkboot.tree.names import show
from mkboot.tree.source import FileSource


@dataclass(frozen=True, slots=True)
class Disc:
    """Disc ``number`` of ``of``: its image, the image's bytes, what is written on the disc."""

    number: int
    of: int
    image: Path
    size: int
    inscription: str

    @property
    def file(self) -> bytes:
        """The image's name."""
        return os.fsencode(self.image.name)


def discs_of(paths: Sequence[Path], only: Collection[int] = ()) -> tuple[Disc, ...]:
    """The discs that ``paths`` are: a job, a directory of volumes, or images.

    ``only`` takes these numbers of them.  Raises ``CallerError`` for what is not there,
    ``InputError`` when a volume of a set is missing.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise CallerError(f"{path}: no such file or directory")
    folders = [path for path in paths if path.is_dir()]
    if folders and len(paths) > 1:
        raise CallerError(f"{folders[0]} is a directory: give it alone, or give images")
    if folders:
        return tuple(_of_set(open_set(*paths, siblings=False), only))
    discs = _of_images(paths)
    _refuse_other(only, [disc.number for disc in discs])
    return tuple(disc for disc in discs if not only or disc.number in only)


def _refuse_other(only: Collection[int], numbers: Sequence[int]) -> None:
    for number in only:
        if number not in numbers:
            there = ", ".join(map(str, numbers))
            raise CallerError(f"there is no disc {number}: there are {there}")


def _of_set(opened: OpenSet, only: Collection[int]) -> list[Disc]:
    """All volumes; one that is not at hand is missed unless it is not asked for."""
    wanted = range(1, len(opened.manifest.volumes) + 1)
    _refuse_other(only, wanted)
    numbers = [n for n in wanted if not only or n in only]
    return [_volume(opened, number) for number in numbers]


def _volume(opened: OpenSet, number: int) -> Disc:
    found = opened.volume(number)
    text = _inscription(opened.manifest, number)
    return Disc(number, found.label.of, found.path, found.source.size, text)


def _inscription(manifest: SetManifest, number: int) -> str:
    """What is written on a volume: enough to find it again in twenty years."""
    date = time.strftime("%Y-%m-%d", time.gmtime(manifest.created))
    of = len(manifest.volumes)
    return f"{manifest.host}, volume {number} of {of}, set {manifest.set_id}, {date}"


def _of_images(paths: Sequence[Path]) -> list[Disc]:
    discs = [_of_image(path) for path in paths]
    if all(disc.of for disc in discs) and len({disc.number for disc in discs}) == len(discs):
        return sorted(discs, key=lambda disc: disc.number)
    return [replace(disc, number=n, of=len(discs)) for n, disc in enumerate(discs, 1)]


def _of_image(path: Path) -> Disc:
    """One image; ``of`` is 0 unless it is a volume of a set."""
    if path.name.endswith(PARTIAL):
        hint = "the command that began it goes on with it, and gives it its name when it is whole"
        raise InputError("is not whole: it has not got its name yet", place=(str(path),), hint=hint)
    with FileSource(path) as source:
        size = source.size
        if not size:
            raise InputError("is empty", place=(str(path),))
        title = _title(source, path) if looks_like_iso(source) else path.name
    try:
        if looks_like_set(path):
            return _of_set(open_set(path, siblings=False), _number_in(path))[0]
    except InputError:
        pass  # a set's volume that is damaged is burnt as any image is
    return Disc(0, 0, path, size, title)


def _number_in(path: Path) -> Collection[int]:
    return tuple(open_set(path, siblings=False).volumes)


def _title(source: FileSource, path: Path) -> str:
    try:
        volume_id = read_iso(source, place=(path.name,)).volume_id
    except InputError:
        return path.name
    return f"{path.name}, {show(volume_id)}" if volume_id else path.name


def targets_of(drive: Drive, discs: Sequence[Disc]) -> tuple[Drive, ...]:
    """Where each disc goes: the drive; of files each disc has its own, numbered."""
    if not drive.is_file or len(discs) == 1:
        return (drive,) * len(discs)
    path = drive.path
    return tuple(
        replace(drive, path=path.with_name(f"{path.stem}-{disc.number}{path.suffix}"))
        for disc in discs
    )
