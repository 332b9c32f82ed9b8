# SPDX-License-Identifier: Apache-2.0
"""``mkboot extract``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import (
    PATH,
    force_option,
    json_option,
    print_json,
    progress,
    say,
    tell_losses,
)
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.formats.directory import Unkept

#: So many paths are named for each reason; --json names all.
_NAMED = 10


@click.command("extract", short_help="Write files from any container into a directory.")
@click.argument("image")
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@json_option
@force_option
def command(
    image: str, directory: Path, paths: tuple[str, ...], as_json: bool, force: bool
) -> None:
    """Write the files of IMAGE (as for ls) into DIR: all, or those at each PATH.

    Nothing is ever written outside DIR.  Owners and devices are kept only as root; what
    could not be kept is listed.  Holes stay holes.

    \b
    Examples:
      mkboot extract disk.img:0 root
      mkboot extract JOB:/ root /etc /var/adm
    """
    from mkboot.workflows.extract import extract

    done = extract(image, directory, paths, force=force, progress=progress())
    if as_json:
        losses = [loss.as_json() for loss in done.losses]
        print_json({"unkept": [each._asdict() for each in done.unkept], "findings": losses})
    else:
        for line in unkept_lines(done.unkept):
            say(line)
    tell_losses(done.losses)


def unkept_lines(unkept: tuple[Unkept, ...]) -> list[str]:
    """What could not be kept, reason by reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for path, what, why in unkept:
        reasons.setdefault((what, why), []).append(show(path))
    lines: list[str] = []
    for (what, why), paths in reasons.items():
        lines.append(f"not kept: {what} of {len(paths)} ({why})")
        lines += [f"  {path}" for path in paths[:_NAMED]]
        if len(paths) > _NAMED:
            lines.append(f"  and {len(paths) - _NAMED} more, which --json names")
    return lines
