# SPDX-License-Identifier: Apache-2.0
"""``mkboot flar``."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, force_option, message, progress, say
from mkboot.errors import CallerError
from mkboot.model.sizes import show_size
from mkboot.tree.names import show


@click.command("flar", short_help="Make a flash archive from a tree.")
@click.argument("tree")
@click.argument("out", type=PATH)
@click.option("--name", help="content_name; by default OUT's name without its end.")
@click.option(
    "--method",
    type=click.Choice(["cpio", "odc", "pax"]),
    default="cpio",
    show_default=True,
    help="How the files are archived: cpio (files below 4 GiB), cpio's old form, or pax.",
)
@click.option("--compress", is_flag=True, help="Compress the files, by the program compress.")
@click.option(
    "--set",
    "told",
    multiple=True,
    metavar="KEYWORD=VALUE",
    help="A line of the identification, like content_architectures=sun4u,sun4m.",
)
@force_option
def command(
    tree: str,
    out: Path,
    name: str | None,
    method: str,
    compress: bool,
    told: tuple[str, ...],
    force: bool,
) -> None:
    """Make the flash archive OUT from TREE: a directory, a tar file, a dump, IMAGE:N, or
    SET:/ for a captured host, as for ls.

    It carries checksums of itself (keywords that begin with X-mkboot, which Solaris passes
    over), so that verify can tell later whether it is still whole.

    \b
    Examples:
      mkboot flar JOB:/ web.flar --set content_architectures=sun4u
      mkboot flar disk.img:0 root.flar --compress
    """
    from mkboot.workflows.flar import FlashWish, flar

    wish = FlashWish(name or out.stem, method, compress, [_pair(text) for text in told])
    made = flar(tree, out, wish, force=force, progress=progress())
    for path in made.left_out:
        message(f"not in the archive: socket {show(path)}")
    say(f"{out}: {made.files} files, {show_size(made.size)}")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise CallerError(f"--set wants KEYWORD=VALUE, not {text!r}")
    return key, value
