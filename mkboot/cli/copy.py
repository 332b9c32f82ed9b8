# SPDX-License-Identifier: Apache-2.0
"""``mkboot copy``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import (
    PATH,
    force_option,
    json_option,
    message,
    print_findings,
    print_json,
    progress,
    say,
)
from mkboot.errors import CallerError

if TYPE_CHECKING:
    from mkboot.workflows.copy import CopyOutcome

EPILOG = """\b
Examples:
  mkboot copy /dev/sr0 sol-8-u7.iso
  mkboot copy /dev/sr0 disc.iso --map disc.map --retries 5 --agree
  mkboot copy download.iso disc.iso --expect md5:0123456789abcdef0123456789abcdef
  mkboot copy cut.iso mended.iso --mend other-disc.iso
"""


@click.command(epilog=EPILOG)
@click.argument("source", type=PATH)
@click.argument("dest", type=PATH)
@click.option(
    "--map", "map_", type=PATH, metavar="FILE",
    help="The map, as GNU ddrescue has it, read and kept; else DEST.map while it is needed.",
)  # fmt: skip
@click.option(
    "--expect", multiple=True, metavar="KIND:VALUE",
    help="md5:HEX, sha256:HEX or size:BYTES that the copy must have; may be repeated.",
)  # fmt: skip
@click.option(
    "--retries", type=click.IntRange(0, 1000), default=1, show_default=True,
    help="How often what is bad in the end is tried again.",
)  # fmt: skip
@click.option("--agree", is_flag=True, help="Read everything twice; both reads must agree.")
@click.option(
    "--mend", "--boot-block", "mend_", multiple=True, metavar="FROM",
    help="Rebuild label and boot slices of an image with the boot block in FROM: a file, "
    "another disc's image, or IMAGE:N; may be repeated.",
)  # fmt: skip
@json_option
@force_option
def command(
    source: Path,
    dest: Path,
    map_: Path | None,
    expect: tuple[str, ...],
    retries: int,
    agree: bool,
    mend_: tuple[str, ...],
    as_json: bool,
    force: bool,
) -> int:
    """Copy a disc in the drive SOURCE, or an image, byte for byte to DEST.

    It is copied to the end of the last slice of its Sun label, not of its ISO 9660, and read
    on where a drive says too small a size.  Until it is whole the copy is DEST.partial, and
    the map beside it says what is good, bad and not tried: the same command goes on from
    there, and so does ddrescue.  DEST is there only when every byte was read.  Exit status
    1 if the source is cut short, has holes, or is not what --expect says.
    """
    if mend_:
        if map_ is not None or expect or agree:
            raise CallerError("--mend goes with none of --map, --expect, --agree")
        return _mend(source, dest, mend_, as_json=as_json, force=force)
    from mkboot.workflows.copy import copy, parse_expected

    expected = parse_expected(expect)
    found = copy(
        source,
        dest,
        progress(),
        map_=map_,
        expected=expected,
        retries=retries,
        agree=agree,
        force=force,
    )
    if as_json:
        print_json(found.as_json())
    else:
        _say(found, unchecked=expected is not None)
    return 0 if found.whole else 1


def _say(found: CopyOutcome, *, unchecked: bool) -> None:
    done = found.copied
    print_findings(found.findings)
    for text in found.sizes:
        say(f"note: {text}")
    sums = done.checksums
    if sums is not None:
        say(f"md5 {sums.md5}")
        say(f"sha256 {sums.sha256}")
        say(f"cksum {sums.cksum} {sums.size}")
    elif unchecked:
        say("not compared with what is expected: it is not whole")
    if found.whole:
        say(f"{found.file}: whole, {done.size} bytes, {done.errors} read errors on the way")
        return
    where = f"{found.file}" + (f", map {found.map}" if found.map else "")
    if done.whole:
        say(f"whole, but not what is expected: {where}")
        message("remove both to have it read anew")
        return
    say(f"not whole: {where}")
    message("the same command goes on from here")


def _mend(source: Path, dest: Path, donors: tuple[str, ...], *, as_json: bool, force: bool) -> int:
    from mkboot.workflows.mend import mend

    found = mend(source, dest, donors, progress(), force=force)
    if as_json:
        print_json(found.as_json())
    else:
        print_findings(found.findings)
        for text in found.made_up:
            say(f"made up: {text}")
        say(f"{dest}: {found.size} bytes")
    return 0 if found.sound else 1
