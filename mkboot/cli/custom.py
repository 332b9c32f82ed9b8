# SPDX-License-Identifier: Apache-2.0
"""``mkboot custom``: an install disc that installs without network, floppy or question."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, force_option, json_option, print_json, progress, say
from mkboot.model.sizes import DEFAULT_MEDIUM, show_size

EPILOG = """\b
Examples:
  mkboot custom sol-8-u7.iso jumpstart -o web.iso --hands-free
  mkboot custom sol-8-u7.iso jumpstart -o web.iso --remove SUNWman --remove '/Solaris_8/Docs'
  mkboot custom sol-9.iso jumpstart -o web.iso --media dvd --flash web.flar --add tools=/tools
"""


@click.command("custom", epilog=EPILOG)
@click.argument("base", metavar="BASE", type=PATH)
@click.argument("folder", metavar="DIR", type=PATH)
@click.option(
    "-o", "--out", metavar="FILE", type=PATH, required=True, help="The disc image to make."
)
@click.option(
    "--add",
    multiple=True,
    metavar="SRC=DEST",
    help="Put a file or directory at DEST on slice 0 (/cdrom on the Sun). Owners are root's "
    "unless root runs this.",
)
@click.option(
    "--remove",
    multiple=True,
    metavar="PATH",
    help="Take a path of slice 0 (it begins with /, * for a piece of a name) or a package out; "
    "the medium's tables are kept right.",
)
@click.option(
    "--flash",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="Check a flash archive and put it where a profile asks for its name, else in /flash.",
)
@click.option(
    "--media",
    metavar="MEDIUM",
    default=DEFAULT_MEDIUM,
    show_default=True,
    help="cd650, cd700, dvd, dvd-dl, or a size such as 650M.",
)
@click.option(
    "--hands-free", is_flag=True, help="Install on plain 'boot cdrom', not on '- install' only."
)
@click.option(
    "--host", type=PATH, metavar="HOST.toml", help="A machine that the disc must install."
)
@json_option
@force_option
def command(
    base: Path,
    folder: Path,
    out: Path,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    flash: tuple[Path, ...],
    media: str,
    hands_free: bool,
    host: Path | None,
    as_json: bool,
    force: bool,
) -> int:
    """Make a custom install disc: the base medium BASE with the JumpStart directory DIR, which
    is found and used without a network.

    DIR is checked first; one that would not install, or would ask, is refused with exit
    status 3.  DIR/sysidcfg answers what the installer asks; without one mkboot makes it.
    What changed is printed and written beside the image, to OUT.changes.txt.
    """
    from mkboot.workflows.custom import Wish, custom

    pairs = tuple(_pair(text) for text in add)
    wish = Wish(base, folder, out, pairs, remove, flash, media, hands_free, host, force)
    made = custom(wish, progress())
    if as_json:
        print_json(made.as_json())
        return 0
    for line in made.lines():
        say(line)
    say(f"{out}: {show_size(made.size)}, {show_size(made.room - made.size)} are left on {media}")
    say(f"on the Sun: {made.boot}")
    return 0


def _pair(text: str) -> tuple[Path, str]:
    source, equals, dest = text.rpartition("=")
    if not equals or not source or not dest:
        raise click.UsageError(f"--add {text}: it is SRC=DEST")
    return Path(source), dest
