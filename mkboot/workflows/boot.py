# SPDX-License-Identifier: Apache-2.0
"""``mkboot boot``: which machine and slice are meant, then the firmware's verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mkboot.errors import CallerError
from mkboot.firmware import DEFAULT_TIMEOUT, Kind, Machine, Verdict, boot, default_slice, kind_of
from mkboot.firmware.qemu import LETTERS
from mkboot.formats.bootblock import BOOT_AREA, SECTOR, BootBlockKind, recognise
from mkboot.formats.label import looks_like_label, parse_label_leniently
from mkboot.progress import Progress
from mkboot.tree.source import ByteSource, FileSource

MachineChoice = Literal["sun4m", "sun4u", "x86"]

#: Which machine starts which kind of boot block.
_STARTS: dict[BootBlockKind, Machine] = {
    BootBlockKind.FCODE: "sun4u",
    BootBlockKind.AOUT: "sun4m",
}


def boot_image(
    path: Path,
    *,
    machine: MachineChoice | None = None,
    slice_: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
) -> Verdict:
    """Boot an image.

    Without a machine it is the one whose kind of boot block lies where its PROM looks,
    sun4u before sun4m; sun4u too where there is none.
    """
    if machine == "x86":
        raise CallerError(
            "x86 images are not booted yet: that comes with the x86 layouts",
            hint="--machine sun4u or --machine sun4m",
        )
    with FileSource(path) as source:
        kind = kind_of(source)
        chosen: Machine = machine or guess_machine(source, kind, slice_)
    with (progress or Progress()).step(f"boot {chosen}"):
        return boot(path, machine=chosen, kind=kind, slice_=slice_, timeout=timeout)


def guess_machine(source: ByteSource, kind: Kind, slice_: str | None) -> Machine:
    """The machine that an image is for, by its boot blocks."""
    candidates: tuple[Machine, ...] = ("sun4u", "sun4m")
    for machine in candidates:
        block = _block_kind(source, slice_ or default_slice(machine, kind))
        if block is not None and _STARTS[block] == machine:
            return machine
    return "sun4u"


def _block_kind(source: ByteSource, letter: str) -> BootBlockKind | None:
    sector = source.pread(0, SECTOR)
    if letter not in LETTERS or not looks_like_label(sector):
        return None
    start = parse_label_leniently(sector).start(LETTERS.index(letter))
    return recognise(source.pread((start + 1) * SECTOR, BOOT_AREA))
