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
from mkboot.jumpstart.plain import not_text
from mkboot.jumpstart.scripttext import check_text
from mkboot.jumpstart.tables import RELEASES, name_releases

_INTERPRETER = re.compile(rb"#![ \t]*([^\s]+)")
_MARK = b"\xef\xbb\xbf"
_BOURNE = ("sh", "jsh", "ksh", "bash")
#: A finding without its words, which may name a release.
Key = tuple[int, str, str]


def check_script(data: bytes, name: str, release: str | None) -> Iterator[Problem]:
    """The problems of a script, by the linter."""
    unfit = not_text(data)
    if unfit:
        yield Problem(name, 1, Severity.ERROR, *unfit)
        return
    if data.startswith(_MARK):
        message = "a byte order mark stands at the beginning: the shell takes it for a command"
        yield Problem(name, 1, Severity.ERROR, message, "plain ASCII text")
    data = data.removeprefix(_MARK)
    told = tuple(_first_line(data, name))
    yield from told
    if any(problem.severity is Severity.ERROR for problem in told):
        return
    ends = data.count(b"\r\n")
    if ends > 1:
        message = f"{ends} lines end with a carriage return (Windows line ends)"
        first = data[: data.index(b"\r\n")].count(b"\n") + 1
        yield Problem(name, first, Severity.ERROR, message, "a newline only, as dos2unix makes it")
        data = data.replace(b"\r\n", b"\n")
    yield from check_text(data, name)
    yield from _linted(data, name, release)


def _linted(data: bytes, name: str, release: str | None) -> Iterator[Problem]:
    releases = RELEASES if release is None else (release,)
    found: dict[Key, list[str]] = {}
    for each in releases:
        for key in dict.fromkeys(_key(finding) for finding in _lint(data, name, (each,))):
            found.setdefault(key, []).append(each)
    for where in sorted(set(map(tuple, found.values())), key=len, reverse=True):
        for finding in _lint(data, name, where):
            if tuple(found.get(_key(finding), ())) == where:
                yield _problem(name, finding, where, releases)


def _lint(data: bytes, name: str, releases: tuple[str, ...]) -> tuple[LintFinding, ...]:
    return lint(data, name=name, releases=releases)


def _key(finding: LintFinding) -> Key:
    return finding.line, finding.code, finding.level


def _problem(
    name: str, finding: LintFinding, where: tuple[str, ...], releases: tuple[str, ...]
) -> Problem:
    severity = Severity(finding.level)
    message = finding.message
    if len(where) < len(releases):
        severity = Severity.WARNING
        if "Solaris" not in message:
            message = f"{message} (in {name_releases(where)})"
    return Problem(name, finding.line, severity, f"{message}; hint: {finding.hint}")


def _first_line(data: bytes, name: str) -> Iterator[Problem]:
    interpreter = _INTERPRETER.match(data)
    if interpreter is None:
        return
    program = interpreter[1].rpartition(b"/")[2].decode("ascii", "backslashreplace")
    message = f"the first line names {program}, but /sbin/sh runs the script"
    if program not in _BOURNE:
        yield Problem(name, 1, Severity.ERROR, message, "a Bourne shell script")
    elif program != "sh":
        yield Problem(name, 1, Severity.WARNING, message)
