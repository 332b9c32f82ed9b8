# SPDX-License-Identifier: Apache-2.0
"""``mkboot check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, force_option, json_option, print_json, progress, say

if TYPE_CHECKING:
    from mkboot.jumpstart import Problem
    from mkboot.workflows.check import Checked

EPILOG = """\b
Examples:
  mkboot check jumpstart
  mkboot check jumpstart -r rules.test --release 8
  mkboot check --json jumpstart
"""


@click.command(epilog=EPILOG)
@click.argument("directory", metavar="DIR", type=PATH)
@click.option(
    "-r", "--rules", "rules_name", metavar="RULES", default="rules", show_default=True,
    help="The rules file in DIR.",
)  # fmt: skip
@click.option("--release", metavar="R", help="Only what this release takes is valid.")
@force_option
@json_option
def command(
    directory: Path, rules_name: str, release: str | None, force: bool, as_json: bool
) -> int:
    """Check rules, profiles, sysidcfg files and scripts of a JumpStart directory.

    Everything that is wrong is told in one run, as FILE:LINE: and what is expected there.
    What any release of Solaris takes is valid; what only some take is a warning that names
    them, or an error where --release names another.  When nothing is wrong, rules.ok is
    written (and custom_probes.ok); an existing one is verified.  Exit status 1 if anything
    is wrong, 3 if there is no such directory or rules file.
    """
    from mkboot.workflows.check import check

    checked = check(directory, rules_name, release, progress(), force=force)
    if as_json:
        print_json(_document(checked))
    else:
        _say(directory, checked)
    return 0 if checked.report.fine else 1


def _say(directory: Path, checked: Checked) -> None:
    report = checked.report
    for problem in report.problems:
        say(str(_placed(directory, problem)))
    errors = sum(problem.severity == "error" for problem in report.problems)
    warnings = len(report.problems) - errors
    verdict = "fine" if report.fine else "wrong"
    say(f"{verdict}: {len(report.checked)} files, {errors} errors, {warnings} warnings")
    for name in checked.written:
        say(f"wrote {directory / name}")


def _placed(directory: Path, problem: Problem) -> Problem:
    from dataclasses import replace

    return replace(problem, file=str(directory / problem.file))


def _document(checked: Checked) -> dict[str, object]:
    report = checked.report
    return {
        "verdict": "fine" if report.fine else "wrong",
        "checked": report.checked,
        "written": checked.written,
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "severity": problem.severity,
                "message": problem.message,
                "expected": problem.expected,
            }
            for problem in report.problems
        ],
    }
