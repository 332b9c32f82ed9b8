# SPDX-License-Identifier: Apache-2.0
"""``mkboot compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import json_option, print_json, progress, say, tell_losses
from mkboot.model.sizes import show_size
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.tree.compare import Difference
    from mkboot.workflows.compare import Verdict


@click.command("compare", short_help="Say in what two trees differ.")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.option("--ignore", default="", metavar="FIELD,...", help="Fields that may differ.")
@json_option
def command(left: str, right: str, ignore: str, as_json: bool) -> int:
    """Compare the trees A and B (each as IMAGE for ls): exit status 1 if they differ.

    Fields: path, type, mode, uid, gid, size (not directories'), nlink, mtime, target,
    device, content, acl, attributes.

    \b
    Examples:
      mkboot compare disk.img:0 restored.img:0
      mkboot compare root.tar disk.img:0 --ignore mtime,nlink --json
    """
    from mkboot.workflows.compare import compare, fields_to_ignore

    found: list[Difference] = []
    verdict = compare(
        left,
        right,
        ignore=fields_to_ignore(ignore),
        tell=found.append if as_json else _say_difference,
        progress=progress(),
    )
    if as_json:
        print_json(_document(verdict, found))
    else:
        say(_last_line(verdict))
    tell_losses(verdict.losses)
    return 0 if verdict.same else 1


def _say_difference(difference: Difference) -> None:
    d = difference
    sides = f"{d.left or '-'} | {d.right or '-'}" if d.right or d.field != "content" else d.left
    say(f"{show(d.path)}: {d.field}: {sides}")


def _last_line(verdict: Verdict) -> str:
    counts = verdict.counts
    what = "same" if verdict.same else f"{verdict.differences} differences"
    size = show_size(counts.bytes)
    return f"{what}: {counts.names} names, content of {counts.files} files ({size}) compared"


def _document(verdict: Verdict, found: list[Difference]) -> dict[str, object]:
    counts = verdict.counts
    return {
        "verdict": "same" if verdict.same else "different",
        "compared": {"names": counts.names, "files": counts.files, "bytes": counts.bytes},
        "differences": found,
        "findings": [loss.as_json() for loss in verdict.losses],
    }
