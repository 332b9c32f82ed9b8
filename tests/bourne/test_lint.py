# SPDX-License-Identifier: Apache-2.0
"""What the cases cannot say: arguments, order, levels, and the words as data."""

from __future__ import annotations

import pytest

from mkboot.bourne import LintFinding, functions_of, lint, lint_plan
from mkboot.bourne.words.data import (
    RELEASES,
    commands,
    instead,
    known_releases,
    releases_of,
    rules,
    shell,
    topics,
)
from mkboot.errors import BugError, CallerError


@pytest.mark.parametrize("releases", [[], ["5.8"], ["9", "11"]])
def test_a_release_must_be_known(releases: list[str]) -> None:
    with pytest.raises(CallerError):
        lint(b"date\n", name="s", releases=releases)


def test_a_topic_must_be_known() -> None:
    with pytest.raises(CallerError, match="cards"):
        lint(b"date\n", name="s", releases=["9"], forbid=["cards"])


def test_a_plan_needs_verbs() -> None:
    with pytest.raises(CallerError):
        lint_plan(b"date\n", name="p", verbs=[])


def test_findings_are_in_the_order_of_the_lines_and_told_once() -> None:
    text = b"ls ~\nls $(date) ~ $(date)\nls ~\n" * 3
    found = lint(text, name="s", releases=["9"])
    assert [finding.line for finding in found] == sorted(finding.line for finding in found)
    assert len(set(found)) == len(found)


def test_every_finding_has_all_its_words() -> None:
    found = lint(b"export A=b\necho $x\n", name="s", releases=["9"])
    assert found == (
        LintFinding(1, "export-value", "'A=b' is not an identifier", "A=b; export A"),
        LintFinding(
            2,
            "echo-variable",
            "echo reads backslashes in what it is given",
            "never for a name: sed or cat with a here-document",
            "warning",
        ),
    )


def test_what_a_message_shows_cannot_harm_a_terminal() -> None:
    (found,) = lint(b"export A=\x1b]0;x\x07\xe9\n", name="s", releases=["9"])[:1]
    assert found.message.isascii() and found.message.isprintable()


def test_the_functions_of_a_file() -> None:
    text = b"f() {\n  g() {\n    date\n  }\n}\nfunction h {\n  date\n}\nls f2\n"
    assert functions_of(text) == {"f", "g", "h"}


def test_an_engine_in_two_files() -> None:
    engine, script = b"say() {\n  date\n}\n", b". ./engine\nsay x\n"
    assert lint(script, name="s", releases=["9"])[0].code == "command-unknown"
    assert lint(script, name="s", releases=["9"], functions=functions_of(engine)) == ()


def test_ranges_of_releases() -> None:
    assert releases_of("all") == set(RELEASES)
    assert releases_of("none") == set()
    assert releases_of("8-") == {"8", "9", "10"}
    assert releases_of("-2.6") == {"2.5.1", "2.6"}
    assert releases_of("2.6-8") == {"2.6", "7", "8"}
    assert releases_of("9") == {"9"}
    assert known_releases(["10", "9"]) == ("10", "9")
    with pytest.raises(BugError):
        releases_of("11-")


def test_the_words_fit_together() -> None:
    known = commands()
    assert instead().keys() <= known.keys()
    assert len(known) > 200
    assert not {name.encode() for name in known} & {b"[", b"[[", b"cd", b"export", b"local"}
    assert not shell().absent.keys() & {name.decode() for name in shell().builtins}
    assert shell().test_hints.keys() <= {word.decode() for word in shell().test_absent}
    assert {"nis", "nfs", "floppy", "tape"} == set(topics())
    for topic in topics().values():
        assert "{}" in topic.message
    for rule in rules().values():
        assert rule.hint and not rule.hint.endswith(".")


@pytest.mark.parametrize(
    ("name", "releases"),
    [
        ("newfs", set(RELEASES)), ("cksum", set(RELEASES)), ("printf", set(RELEASES) - {"2.5.1"}),
        ("lofiadm", {"8", "9", "10"}), ("devfsadm", {"8", "9", "10"}), ("mktemp", {"10"}),
        ("digest", {"10"}), ("gzip", {"8", "9", "10"}), ("readlink", set()), ("seq", set()),
        ("sort", set(RELEASES)), ("drvconfig", set(RELEASES)),
    ],
)  # fmt: skip
def test_releases_of_commands(name: str, releases: set[str]) -> None:
    assert commands()[name].releases == releases
