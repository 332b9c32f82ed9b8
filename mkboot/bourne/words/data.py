# SPDX-License-Identifier: Apache-2.0
"""The three TOML files of this directory as frozen values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mkboot.errors import BugError, CallerError

RELEASES = ("2.5.1", "2.6", "7", "8", "9", "10")

Table = Mapping[str, object]


@dataclass(frozen=True)
class Rule:
    """How the linter words a finding."""

    code: str
    message: str
    hint: str
    level: str


@dataclass(frozen=True)
class Absent:
    """A word that a command does not take; ``first``: looked for in its first operand only."""

    pattern: re.Pattern[bytes]
    hint: str
    first: bool = False


@dataclass(frozen=True)
class Command:
    """A command of Solaris.  ``checked`` says that ``letters`` and ``takes`` are all it has."""

    name: str
    package: str
    place: str
    releases: frozenset[str]
    checked: bool = False
    letters: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    since: Mapping[str, frozenset[str]] | None = None
    form: re.Pattern[bytes] | None = None
    absent: tuple[Absent, ...] = ()
    hints: Mapping[str, str] | None = None
    program: re.Pattern[bytes] | None = None


@dataclass(frozen=True)
class Shell:
    """What /bin/sh knows, and what only later shells do."""

    builtins: frozenset[bytes]
    absent: Mapping[str, str]
    variables: frozenset[bytes]
    options: Mapping[str, Absent]
    test_absent: frozenset[bytes]
    test_hints: Mapping[str, str]


@dataclass(frozen=True)
class Topic:
    """What a restore script must do without: command names, a pattern on any word."""

    name: str
    words: frozenset[str]
    text: re.Pattern[bytes]
    message: str


@cache
def rules() -> Mapping[str, Rule]:
    """The rules by code."""
    return {
        code: Rule(code, _string(row, "message"), _string(row, "hint"), _level(row))
        for code, row in _tables(_load("rules.toml")).items()
    }


@cache
def shell() -> Shell:
    """The words of /bin/sh."""
    data = _load("shell.toml")
    test = _table(data, "test")
    options = _tables(_table(data, "options"))
    return Shell(
        frozenset(name.encode() for name in _strings(data, "builtins")),
        _texts(data, "absent"),
        frozenset(name.encode() for name in _strings(_table(data, "variables"), "names")),
        {name: _absent(row) for name, row in options.items()},
        frozenset(word.encode() for word in _strings(test, "absent")),
        _texts(test, "hints"),
    )


@cache
def commands() -> Mapping[str, Command]:
    """The commands by name; one of several groups is there in the releases of each."""
    data = _load("commands.toml")
    details = _tables(_table(data, "command"))
    found: dict[str, Command] = {}
    for group in _rows(data, "group"):
        releases = releases_of(_string(group, "releases"))
        for name in _strings(group, "names"):
            both = releases | (found[name].releases if name in found else frozenset())
            place = _string(group, "place")
            base = Command(name, _string(group, "package"), place, both)
            found[name] = _detailed(base, details[name]) if name in details else base
    for name in details.keys() - found.keys():
        raise BugError(f"commands.toml says what {name} takes, but not where it is")
    return found


@cache
def instead() -> Mapping[str, str]:
    """What to write instead of a command."""
    return _texts(_load("commands.toml"), "instead")


@cache
def topics() -> Mapping[str, Topic]:
    """What can be forbidden, by name."""
    rows = _tables(_table(_load("commands.toml"), "topic"))
    return {
        name: Topic(
            name,
            frozenset(_strings(row, "words")),
            re.compile(_string(row, "text").encode()),
            _string(row, "message"),
        )
        for name, row in rows.items()
    }


def releases_of(text: str) -> frozenset[str]:
    """``all``, ``none``, ``8-``, ``-7`` or ``2.6-9`` as a set of releases."""
    if text in ("all", "none"):
        return frozenset(RELEASES if text == "all" else ())
    first, dash, last = text.partition("-")
    first, last = first or RELEASES[0], (last or RELEASES[-1]) if dash else first
    if first not in RELEASES or last not in RELEASES:
        raise BugError(f"{text!r} names no releases")
    return frozenset(RELEASES[RELEASES.index(first) : RELEASES.index(last) + 1])


def known_releases(releases: Sequence[str]) -> tuple[str, ...]:
    """The same releases; :class:`CallerError` when one is unknown or there is none."""
    unknown = [release for release in releases if release not in RELEASES]
    if unknown or not releases:
        raise CallerError(f"no such release: {', '.join(unknown) or 'none given'}")
    return tuple(releases)


def _detailed(base: Command, row: Table) -> Command:
    since = {letter: releases_of(text) for letter, text in _texts(row, "since").items()}
    return Command(
        base.name,
        base.package,
        base.place,
        base.releases,
        checked=bool({"letters", "takes", "form"} & row.keys()),
        letters=frozenset(_string(row, "letters", "")),
        takes=frozenset(_string(row, "takes", "")),
        since=since,
        form=_pattern(row, "form"),
        absent=tuple(_absent(one) for one in _rows(row, "absent")),
        hints=_texts(row, "hints"),
        program=_pattern(row, "program"),
    )


def _absent(row: Table) -> Absent:
    pattern = re.compile(_string(row, "pattern").encode(), re.DOTALL)
    return Absent(pattern, _string(row, "hint"), row.get("first") is True)


def _pattern(row: Table, key: str) -> re.Pattern[bytes] | None:
    return re.compile(_string(row, key).encode()) if key in row else None


def _level(row: Table) -> str:
    level = _string(row, "level", "error")
    if level not in ("error", "warning"):
        raise BugError(f"rules.toml: no such level: {level}")
    return level


# --- TOML with types ---


def _load(name: str) -> Table:
    text = (files("mkboot.bourne.words") / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _string(row: Table, key: str, default: str | None = None) -> str:
    value = row.get(key, default)
    if not isinstance(value, str):
        raise BugError(f"{key} must be a text, not {value!r}")
    return value


def _table(row: Table, key: str) -> Table:
    value = row.get(key, {})
    if not isinstance(value, dict):
        raise BugError(f"{key} must be a table")
    return value


def _tables(row: Table) -> Mapping[str, Table]:
    return {key: _table(row, key) for key in row}


def _texts(row: Table, key: str) -> Mapping[str, str]:
    return {name: _string(_table(row, key), name) for name in _table(row, key)}


def _list(row: Table, key: str) -> list[object]:
    value = row.get(key, [])
    if not isinstance(value, list):
        raise BugError(f"{key} must be a list")
    return value


def _strings(row: Table, key: str) -> tuple[str, ...]:
    return tuple(_string({key: value}, key) for value in _list(row, key))


def _rows(row: Table, key: str) -> tuple[Table, ...]:
    return tuple(_table({key: value}, key) for value in _list(row, key))
