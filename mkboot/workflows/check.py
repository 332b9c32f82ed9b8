# SPDX-License-Identifier: Apache-2.0
"""``check``: a JumpStart directory, and the ``.ok`` files that the installer wants."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mkboot.jumpstart import CheckReport, check_directory
from mkboot.output import complete_file
from mkboot.progress import Progress

OK_FILES = ("rules.ok", "custom_probes.ok")


@dataclass(frozen=True)
class Checked:
    """What was found, and the ``.ok`` files that were written for it."""

    report: CheckReport
    written: tuple[str, ...]


def check(
    path: Path, rules_name: str, release: str | None, progress: Progress, *, force: bool = False
) -> Checked:
    """Check the directory ``path``; when nothing is wrong, write ``rules.ok`` (and
    ``custom_probes.ok``) unless they are there and right.

    One that somebody changed afterwards is an error and stays, unless ``force`` is given; one
    that is merely out of date is made anew.  Raises ``InputError`` where there is no
    directory or rules file, ``CallerError`` for an unknown release.
    """
    with progress.step("check the JumpStart directory"):
        report = check_directory(path, rules_name, release, trust_ok=force)
    return Checked(report, tuple(_write(path, report)))


def _write(path: Path, report: CheckReport) -> list[str]:
    written = []
    for name, content in zip(OK_FILES, (report.rules_ok, report.custom_probes_ok), strict=True):
        there = (path / name).exists()
        if content is None or (there and name in report.checked and name not in report.stale):
            continue
        with complete_file(path / name, force=True) as partial:
            partial.write_bytes(content)
        written.append(name)
    return written
