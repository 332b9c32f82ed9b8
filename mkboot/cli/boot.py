# SPDX-License-Identifier: Apache-2.0
"""``mkboot boot``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, json_option, print_json, progress, say

if TYPE_CHECKING:
    from mkboot.workflows.boot import MachineChoice

MACHINES: tuple[MachineChoice, ...] = ("sun4m", "sun4u", "x86")

EPILOG = """\b
Examples:
  mkboot boot volume-1.iso
  mkboot boot --machine sun4m --slice d disc.iso
  mkboot boot --json disk.img
"""


@click.command(epilog=EPILOG)
@click.argument("image", type=PATH)
@click.option(
    "--machine",
    type=click.Choice(MACHINES),
    help="What boots it; found by the image's boot blocks unless given.",
)
@click.option(
    "--slice",
    "slice_",
    type=click.Choice(list("abcdefgh")),
    help="Slice to boot from; the machine's own unless given (disc: d or f, disk: a).",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    default=60,
    show_default=True,
    help="Seconds after which silence counts.",
)
@json_option
def command(
    image: Path, machine: MachineChoice | None, slice_: str | None, timeout: float, as_json: bool
) -> int:
    """Boot IMAGE under QEMU and say what the firmware did.

    The verdict is booted (it started something from the slice), refused, or silent.  The
    image is not changed.  Exit status 1 unless it booted.
    """
    from mkboot.workflows.boot import boot_image

    verdict = boot_image(
        image, machine=machine, slice_=slice_, timeout=timeout, progress=progress()
    )
    if as_json:
        print_json({**asdict(verdict), "lines": list(verdict.lines)})
    else:
        for line in verdict.lines:
            say(f"  {line}")
        say(f"{verdict.verdict}: {verdict.machine}, slice {verdict.slice}")
    return 0 if verdict.verdict == "booted" else 1
