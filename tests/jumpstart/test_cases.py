# SPDX-License-Identifier: Apache-2.0
"""The checker's cases, one folder each: ``check-rules``, ``check-profile``, ``check-sysidcfg``
hold one file, ``check-directory`` a whole JumpStart directory.

``input/release`` is what ``--release`` would say; ``expected/problems`` has a line for each
problem, as ``mkboot check`` prints it below the directory's name.  A case whose name has
``-right`` must not have an error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HERE

from mkboot.jumpstart import (
    Problem,
    Profile,
    RulesFile,
    Severity,
    Sysidcfg,
    check_directory,
    parse_profile,
    parse_rules,
    parse_sysidcfg,
    text,
)
from mkboot.jumpstart.tables import tables

CASES = HERE / "cases" / "jumpstart"
#: Kind of case, name of its file, who reads it.
PARSERS: dict[str, tuple[str, Callable[..., tuple[object, tuple[Problem, ...]]]]] = {
    "check-rules": ("rules", parse_rules),
    "check-profile": ("profile", parse_profile),
    "check-sysidcfg": ("sysidcfg", parse_sysidcfg),
}
FILES = sorted(case for kind in PARSERS for case in (CASES / kind).iterdir())
DIRECTORIES = sorted((CASES / "check-directory").iterdir())


def release_of(case: Path) -> str | None:
    file = case / "input" / "release"
    return file.read_text().strip() if file.exists() else None


def found(case: Path) -> tuple[Problem, ...]:
    """What is wrong with the one file of a case, which must come back byte for byte."""
    name, parse = PARSERS[case.parent.name]
    data = (case / "input" / name).read_bytes()
    value, problems = parse(data, name, release=release_of(case))
    assert isinstance(value, RulesFile | Profile | Sysidcfg)
    assert text(value) == data
    return problems


def expected(case: Path) -> list[str]:
    return (case / "expected" / "problems").read_text(encoding="utf-8").split("\n")[:-1]


@pytest.mark.parametrize("case", FILES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_file(case: Path) -> None:
    problems = found(case)
    assert [str(problem) for problem in problems] == expected(case)
    if "-right" in case.name:
        assert all(problem.severity is Severity.WARNING for problem in problems)


@pytest.mark.parametrize("case", DIRECTORIES, ids=lambda case: case.name)
def test_directory(case: Path) -> None:
    report = check_directory(case / "input" / "dir", "rules", release_of(case))
    assert [str(problem) for problem in report.problems] == expected(case)
    assert (report.rules_ok is not None) is report.fine
    ok = case / "expected" / "rules.ok"
    if ok.exists():
        assert report.rules_ok == ok.read_bytes()


def test_there_are_enough() -> None:
    assert len(FILES) + len(DIRECTORIES) >= 500


@pytest.mark.parametrize("kind", PARSERS)
def test_every_keyword_has_right_and_wrong_cases(kind: str) -> None:
    names = [case.name for case in FILES if case.parent.name == kind]
    wrong = {case.name for case in FILES if any("warning:" not in e for e in expected(case))}
    for keyword in tables(PARSERS[kind][0]).keywords:
        mine = [name for name in names if name.partition("-")[0] == keyword]
        assert mine, keyword
        if keyword not in ("monitor", "pointer"):
            assert wrong & set(mine), keyword
