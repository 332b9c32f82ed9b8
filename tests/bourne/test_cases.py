# SPDX-License-Identifier: Apache-2.0
"""The linter's cases: one folder each, at least one right and one wrong script per rule.

``input/script`` is what is linted; ``input/options.toml`` may hold releases, allowed,
functions, trusted, forbid, or the verbs of a plan; ``expected/findings`` has a line for each
finding: its line in the script and its code.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from conftest import HERE

from mkboot.bourne import LintFinding, lint, lint_plan
from mkboot.bourne.words.data import rules

CASES = sorted((HERE / "cases" / "bourne").iterdir())


def findings(case: Path) -> tuple[LintFinding, ...]:
    """What the linter says of a case's script."""
    text = (case / "input" / "script").read_bytes()
    file = case / "input" / "options.toml"
    options = tomllib.loads(file.read_text()) if file.exists() else {}
    if "verbs" in options:
        return lint_plan(text, name=case.name, verbs=options["verbs"])
    return lint(
        text,
        name=case.name,
        releases=options.get("releases", ["2.6", "9"]),
        allowed_commands=options.get("allowed"),
        functions=options.get("functions", ()),
        trusted=options.get("trusted", ()),
        forbid=options.get("forbid", ()),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    found = findings(case)
    lines = [f"{finding.line} {finding.code}" for finding in found]
    wanted = (case / "expected" / "findings").read_text().splitlines()
    # A line may break a rule in several places: those count once here.
    assert list(dict.fromkeys(lines)) == list(dict.fromkeys(wanted)), found


@pytest.mark.parametrize("code", sorted(rules()))
def test_every_rule_has_a_right_and_a_wrong_script(code: str) -> None:
    names = {case.name: case for case in CASES}
    assert code in {finding.code for finding in findings(names[f"{code}-wrong"])}
    assert findings(names[f"{code}-right"]) == ()


def test_no_case_is_of_a_rule_that_is_gone() -> None:
    said = {line.split()[1] for case in CASES for line in _expected(case)}
    assert said == set(rules())


def _expected(case: Path) -> list[str]:
    return (case / "expected" / "findings").read_text().splitlines()
