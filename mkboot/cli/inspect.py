# SPDX-License-Identifier: Apache-2.0
"""``mkboot inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, force_option, json_option, print_findings, print_json, say
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.model.inspection import Inspection, Json, LabelView

EPILOG = """\b
Examples:
  mkboot inspect sol-8-u7.iso
  mkboot inspect --picture map.png volume-1.iso
  mkboot inspect --picture set.svg JOB/set
  mkboot inspect --json disk.img
"""

#: VTOC tags.  Source: illumos sys/vtoc.h.
_TAGS = {0: "-", 1: "boot", 2: "root", 3: "swap", 4: "usr", 5: "backup", 7: "var", 8: "home"}


@click.command(epilog=EPILOG)
@click.argument("image")
@json_option
@click.option("--picture", type=PATH, metavar="FILE", help="Draw the disc map (.svg or .png).")
@click.option("--sha256", "digest", is_flag=True, help="Read the image whole for its SHA-256.")
@force_option
def command(image: str, as_json: bool, picture: Path | None, digest: bool, force: bool) -> None:
    """Say what IMAGE is, and every reason why it would not boot or is not whole.

    IMAGE is a disc or disk image, a single UFS slice, or a ufsdump stream, as a file or a
    block device; IMAGE:N is its slice N; or the directory of a recovery set.  Nothing is
    changed, and no file's content is read, so it is quick.  The exit status is 0 whatever
    was found.
    """
    from mkboot.workflows.inspect import draw, inspect

    found = inspect(image, digest=digest)
    if picture is not None:
        of_set = Path(image) if found.kind == "set" else None
        draw(found, picture, force=force, of_set=of_set)
    if as_json:
        print_json(found.as_json())
        return
    _say_heading(found)
    if found.label is not None:
        _say_label(found.label)
    _say_facts(found)
    if found.findings:
        say()
    print_findings(found.findings)


def _say_heading(found: Inspection) -> None:
    say(f"{found.name}: {found.kind}, {found.size} bytes")
    if found.iso is not None:
        iso = found.iso
        kind = "Rock Ridge" if iso.rock_ridge else "no Rock Ridge"
        volume = show(iso.volume_id) or "without a name"
        say(f"ISO 9660 {volume}, {iso.size} bytes, {iso.files} files, {kind}")
    if found.release is not None:
        say(f"Solaris {found.release}" + (f", layout {found.layout}" if found.layout else ""))
    if found.arch:
        say(f"boots {', '.join(found.arch)}")


def _say_label(label: LabelView) -> None:
    g = label.geometry
    valid = "" if label.valid else " (INVALID)"
    say(f"Sun label{valid}: {show(label.ascii) or 'no text'}")
    say(f"  {g.nhead} heads, {g.nsect} sectors, {g.ncyl} cylinders, {g.acyl} spare, {g.rpm} rpm")
    say()
    say(f"{'slice':<6}{'start':>10}{'sectors':>12}  {'tag':<8}{'flag':<6}{'boots':<8}holds")
    for s in label.slices:
        tag = _TAGS.get(s.tag, str(s.tag))
        detail = f" ({s.detail})" if s.detail else ""
        say(
            f"{s.number:<6}{s.start:>10}{s.sectors:>12}  {tag:<8}{s.flag:<#6x}"
            f"{s.boot_block or '-':<8}{s.holds}{detail}"
        )


def _say_facts(found: Inspection) -> None:
    """The facts that a real medium settles, indented as they nest."""
    facts = {k: v for k, v in found.facts.items() if k != "label"}
    if facts:
        say()
        say("facts:")
    for key, value in facts.items():
        _say_fact(key, value, 1)


def _say_fact(key: str, value: Json, depth: int) -> None:
    indent = "  " * depth
    if isinstance(value, dict):
        say(f"{indent}{key}:" if value else f"{indent}{key}: none")
        for name, inner in value.items():
            _say_fact(name, inner, depth + 1)
    elif isinstance(value, str) and "\n" in value:
        say(f"{indent}{key}:")
        for line in value.splitlines():
            say(f"{indent}  | {line}")
    else:
        say(f"{indent}{key}: {_plain(value)}")


def _plain(value: Json) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(_plain(v) for v in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
