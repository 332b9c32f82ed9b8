# SPDX-License-Identifier: Apache-2.0
"""Begin and finish scripts and custom_probes: what /sbin/sh of Solaris cannot run.

The install environment runs them as ``/sbin/sh SCRIPT`` whatever their first line says.  What
is wrong for every release is an error; what is wrong for some is a warning that names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkboot.bourne import LintFinding, lint
from mkboot.jumpstart.model import Problem, Severity
from mkboot.jumpstart.tables import RELEASES, name_releases

_OTHER = re.compile(rb"#![ \t]*([^\s]+)")
_BOURNE = ("sh", "jsh", "ksh", "bash")


def check_script(data: bytes, name: str, release: str | None) -> Iterator[Problem]:
    """The problems of a script, by the linter."""
    yield from _first_line(data, name)
    releases = RELEASES if release is None else (release,)
    found: dict[tuple[int, str, str], list[str]] = {}
    firsts: dict[tuple[int, str, str], LintFinding] = {}
    for each in releases:
        for finding in lint(data, name=name, releases=(each,)):
            key = (finding.line, finding.code, finding.level)
            firsts.setdefault(key, finding)
            if each not in found.setdefault(key, []):
                found[key].append(each)
    for key, finding in sorted(firsts.items()):
        yield _problem(name, finding, found[key], releases)


def _problem(
    name: str, finding: LintFinding, where: list[str], releases: tuple[str, ...]
) -> Problem:
    message = finding.message
    severity = Severity(finding.level)
    if len(where) < len(releases):
        severity = Severity.WARNING
        message = f"{message} (in {name_releases(where)})"
    return Problem(name, finding.line, severity, message, finding.hint)


def _first_line(data: bytes, name: str) -> Iterator[Problem]:
    interpreter = _OTHER.match(data)
    if interpreter is None:
        return
    program = interpreter[1].rpartition(b"/")[2].decode("ascii", "backslashreplace")
    if program not in _BOURNE:
        message = f"the first line names {program}, but /sbin/sh runs the script"
        yield Problem(name, 1, Severity.ERROR, message, "a Bourne shell script")
    elif program != "sh":
        message = f"the first line names {program}, but /sbin/sh runs the script"
        yield Problem(name, 1, Severity.WARNING, message)
