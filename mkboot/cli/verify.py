# SPDX-License-Identifier: Apache-2.0
"""``mkboot verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, json_option, print_findings, print_json, progress, say

if TYPE_CHECKING:
    from mkboot.model.inspection import Verification

EPILOG = """\b
Examples:
  mkboot verify sol-8-u7.iso
  mkboot verify JOB/set
  mkboot verify --json volume-1.iso
"""


@click.command(epilog=EPILOG)
@click.argument("target", metavar="IMAGE|SET|JOB", type=PATH)
@json_option
def command(target: Path, as_json: bool) -> int:
    """Make every check that can be made without writing, and say how much was looked at.

    An image is read whole: every file of every file system on it, its label, its boot
    blocks.  The volumes of a recovery set are also compared with the checksums that the
    set carries, the dumps of a job with those that were recorded.  Exit status 1 if
    anything is bad.
    """
    from mkboot.workflows.verify import verify

    found = verify(target, progress())
    if as_json:
        print_json(found.as_json())
    else:
        _say(found)
    return 0 if found.sound else 1


def _say(found: Verification) -> None:
    print_findings(found.findings)
    for text in found.not_checked:
        say(f"not checked: {text}")
    c = found.checked
    verdict = "sound" if found.sound else "bad"
    say(
        f"{verdict}: {c.files} files, {c.bytes} bytes, {c.segments} segments, "
        f"{c.structures} structures checked"
    )
