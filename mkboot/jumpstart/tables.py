# SPDX-License-Identifier: Apache-2.0
"""The keyword tables of ``keywords/*.toml`` as frozen values, and the names of releases."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from mkboot.errors import BugError, CallerError
from mkboot.jumpstart.syntax import Row, ValueKind, compile_syntax

#: The releases that the tables tell apart, the oldest first.
RELEASES = ("2.5.1", "2.6", "7", "8", "9", "10")
ALL = frozenset(RELEASES)
_PREFIX = re.compile(r"(?:oracle )?(?:solaris|sunos)[_ -]?", re.IGNORECASE)

Table = Mapping[str, object]


@dataclass(frozen=True)
class Form:
    """One way to write what stands behind a keyword.

    ``types`` are the install types that take it, ``update`` the update of its first release
    that brought it.
    """

    row: Row
    releases: frozenset[str]
    types: frozenset[str]
    update: str = ""


@dataclass(frozen=True)
class Keyword:
    """A keyword of a file, as the tables have it.

    ``releases`` are those that take it at all, ``repeats`` whether it may stand more than
    once, ``excludes`` the keywords that may not stand beside it, ``requires`` those of which
    one must.  With an install type that is ``doubtful`` the books do not agree.
    """

    name: str
    forms: tuple[Form, ...]
    releases: frozenset[str]
    types: frozenset[str]
    doubtful: frozenset[str]
    repeats: bool
    excludes: tuple[str, ...]
    requires: tuple[str, ...]
    default: str
    source: str
    update: str

    @property
    def rows(self) -> tuple[tuple[Row, frozenset[str]], ...]:
        """The forms as ``match_words`` takes them."""
        return tuple((form.row, form.releases) for form in self.forms)


@dataclass(frozen=True)
class Dependents:
    """What may stand in the braces behind a value: keyword to kind of value (None: a bare word).

    ``required`` must stand there, ``excludes`` not beside the key's keyword; ``idle`` are taken
    but say nothing; ``releases`` are
    those of keywords that not all have; where ``any`` is true, other keywords are taken as
    they are.
    """

    kinds: Mapping[str, ValueKind | None]
    required: tuple[str, ...]
    idle: tuple[str, ...]
    excludes: Mapping[str, tuple[str, ...]]
    releases: Mapping[str, frozenset[str]]
    any: bool


@dataclass(frozen=True)
class Tables:
    """The tables of one kind of file."""

    kinds: Mapping[str, ValueKind]
    keywords: Mapping[str, Keyword]
    lists: Mapping[str, tuple[str, ...]]
    dependents: Mapping[str, Dependents]


def release_named(name: str) -> str:
    """The release that ``2.6``, ``Solaris_8``, ``SunOS 5.9``, ``10 10/08``, ``10u6`` name.

    Raises ``CallerError`` for what is none.
    """
    found = re.match(r"([0-9]+(?:\.[0-9]+)*)(?:$|[^0-9.])", _PREFIX.sub("", name.strip()))
    number = found[1] if found else ""
    minor = re.fullmatch(r"[25]\.([0-9]+)(.*)", number)
    if minor:
        number = minor[1] if int(minor[1]) >= 7 else f"2.{minor[1]}{minor[2]}"
    if number not in ALL:
        raise CallerError(f"no release of Solaris: {name}", hint=f"one of {', '.join(RELEASES)}")
    return number


def name_releases(releases: Iterable[str], update: str = "") -> str:
    """Releases for a message: ``Solaris 8, 9 and 10``; a span where there is no gap."""
    names = [release for release in RELEASES if release in set(releases)]
    if update and names:
        names[0] = f"{names[0]} ({update} and later)"
    if len(names) < 2:
        return f"Solaris {''.join(names)}"
    return f"Solaris {', '.join(names[:-1])} and {names[-1]}"


@cache
def tables(kind: str) -> Tables:
    """The tables of ``rules``, ``profile`` or ``sysidcfg``."""
    with files(__package__).joinpath("keywords", f"{kind}.toml").open("rb") as file:
        data = tomllib.load(file)
    kinds = {name: _kind(name, row) for name, row in _table(data, "value").items()}
    parts = {name: str(row) for name, row in _table(data, "parts").items()}
    keywords = {
        name: _keyword(name, cast("Table", row), kinds, parts)
        for name, row in _table(data, "keyword").items()
    }
    lists = {name: tuple(_strings(row)) for name, row in _table(data, "list").items()}
    dependents = {
        name: _dependents(cast("Table", row), kinds)
        for name, row in _table(data, "dependents").items()
    }
    return Tables(kinds, keywords, lists, dependents)


def _dependents(table: Table, kinds: Mapping[str, ValueKind]) -> Dependents:
    rows = _table(table, "takes")
    excludes = _table(table, "excludes")
    firsts = _table(table, "first")
    return Dependents(
        {name: kinds[str(kind)] if kind else None for name, kind in rows.items()},
        tuple(_strings(table.get("required", []))),
        tuple(_strings(table.get("idle", []))),
        {name: tuple(_strings(row)) for name, row in excludes.items()},
        {name: _span({"first": first}, ALL) for name, first in firsts.items()},
        bool(table.get("any", False)),
    )


def _kind(name: str, row: object) -> ValueKind:
    table = cast("Table", row)
    flags = re.IGNORECASE if table.get("any_case") else 0
    pattern = re.compile(_string(table, "pattern"), flags)
    return ValueKind(name, pattern, _string(table, "expected"), _span(table, ALL))


def _keyword(
    name: str, table: Table, kinds: Mapping[str, ValueKind], parts: Mapping[str, str]
) -> Keyword:
    releases = _span(table, ALL)
    types = frozenset(_strings(table.get("types", [])))
    forms = [
        _form(row, releases, types, kinds, parts)
        for row in cast("list[object]", table.get("forms", [""]))
    ]
    return Keyword(
        name, tuple(forms), releases, types, frozenset(_strings(table.get("doubtful", []))),
        bool(table.get("repeats", False)),
        tuple(_strings(table.get("excludes", []))),
        tuple(_strings(table.get("requires", []))),
        str(table.get("default", "")), _string(table, "source"), str(table.get("update", "")),
    )  # fmt: skip


def _form(
    row: object,
    releases: frozenset[str],
    types: frozenset[str],
    kinds: Mapping[str, ValueKind],
    parts: Mapping[str, str],
) -> Form:
    table: Table = {"syntax": row} if isinstance(row, str) else cast("Table", row)
    span = _span(table, releases)
    compiled = compile_syntax(_string(table, "syntax"), kinds, parts, ALL)
    own = frozenset(_strings(table.get("types", [])))
    return Form(compiled, span, own or types, str(table.get("update", "")))


def _span(table: Table, within: frozenset[str]) -> frozenset[str]:
    """The releases from ``first`` to ``last``."""
    first = RELEASES.index(str(table.get("first", RELEASES[0])))
    last = RELEASES.index(str(table.get("last", RELEASES[-1])))
    return within & frozenset(RELEASES[first : last + 1])


def _table(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    return cast("Mapping[str, object]", data.get(name, {}))


def _string(table: Table, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise BugError(f"the keyword tables lack a '{name}'")
    return value


def _strings(value: object) -> list[str]:
    return [str(each) for each in cast("list[object]", value)]
