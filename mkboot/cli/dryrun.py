# SPDX-License-Identifier: Apache-2.0
"""``mkboot dryrun``: a machine tried on a JumpStart directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, json_option, print_json, say

if TYPE_CHECKING:
    from mkboot.jumpstart.layout import DiskLayout, SliceLayout
    from mkboot.jumpstart.match import Tried
    from mkboot.workflows.dryrun import DryRun


@click.command(
    "dryrun",
    epilog="\b\nExample:\n  mkboot dryrun jumpstart --host web01.toml\n",
)
@click.argument("directory", metavar="DIR", type=PATH)
@click.option(
    "--host",
    metavar="HOST.toml",
    type=PATH,
    required=True,
    help="The machine, as a HOST file (docs/host-toml.md).",
)
@click.option("--release", metavar="R", help="The medium's release; else the HOST file's own.")
@json_option
def command(directory: Path, host: Path, release: str | None, as_json: bool) -> int:
    """Which rule a machine would match, and the disk layout that its profile gives.

    Exits with 1 where no rule matches, or something is in the way.
    """
    from mkboot.workflows.dryrun import dry_run

    done = dry_run(directory, host, release)
    if as_json:
        print_json(done.as_json())
    else:
        _tell(done)
    return 0 if done.good else 1


def _tell(done: DryRun) -> None:
    for tried in done.matching.before:
        _tell_tried(tried)
    chosen = done.matching.chosen
    if chosen is None:
        say("no rule matches: the installation would ask its questions")
    else:
        _tell_tried(chosen)
        rule = chosen.rule
        say()
        say(f"begin     {rule.begin}")
        say(f"profile   {rule.profile}")
        say(f"finish    {rule.finish}")
    for disk in done.layout.disks if done.layout is not None else ():
        tell_disk(disk)
    _tell_rest(done)


def _tell_tried(tried: Tried) -> None:
    from mkboot.jumpstart.match import Answer
    from mkboot.workflows.dryrun import rule_text

    words = {Answer.YES: "matches", Answer.NO: "no", Answer.UNKNOWN: "not known"}
    say(f"line {tried.rule.line}: {rule_text(tried)}")
    for pair in tried.pairs:
        owns = pair.answer is not Answer.UNKNOWN and pair.keyword not in ("any", "probe")
        has = f"the machine has {pair.has}" if owns else pair.has
        say(f"  {words[pair.answer]:9} {pair.wants}: {has}")


def tell_disk(disk: DiskLayout) -> None:
    """Print a disk's slices as a table."""
    say()
    size = f": {disk.cylinders} cylinders of {disk.cylinder_sectors} sectors"
    say(f"{disk.name}{size if disk.cylinders else ''}")
    say(f"  slice {'start':>13} {'cylinders':>13} {'MB':>13}  holds")
    for each in disk.slices:
        say(f"  {_row(each)}")


def _row(each: SliceLayout) -> str:
    number = "?" if each.number is None else str(each.number)
    numbers = " ".join(f"{v!s:>13}" for v in (each.start, each.cylinders, each.mb))
    note = f"  ({each.note})" if each.note else ""
    return f"{number:>5} {numbers}  {each.holds}{note}"


def _tell_rest(done: DryRun) -> None:
    for title, lines in (("notes", done.notes), ("problems", map(str, done.problems))):
        texts = list(lines)
        if texts:
            say()
            say(f"{title}:")
        for text in texts:
            say(f"  {text}")
