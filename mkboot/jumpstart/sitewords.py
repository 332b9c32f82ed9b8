# SPDX-License-Identifier: Apache-2.0
"""Keywords of profiles and of sysidcfg as a SITE file writes them: keys of a table.

A key's value is a text, a number, ``true`` for a keyword without a value, or a list of these,
which repeats the keyword.  A sysidcfg keyword with dependents is a table, whose ``is`` is its
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.jumpstart.tables import tables

Fault = Callable[[Sequence[str | int], str], InputError]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SysidEntry:
    """``keyword=value {dependents}``; a value of None stands for a bare word."""

    keyword: str
    value: str | None
    dependents: tuple[SysidEntry, ...] = ()


def profile_lines(
    table: Mapping[str, object], path: Path, fault: Fault
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The lines of a profile, ``install_type`` first as it must be."""
    known = tables("profile").keywords
    found = []
    for keyword, value in table.items():
        if keyword not in known:
            raise fault((*path, keyword), f"unknown key {keyword!r}: no keyword of profiles")
        for each in value if isinstance(value, list) else [value]:
            words = _text(each, (*path, keyword), fault)
            found.append((keyword, tuple(words.split()) if words is not None else ()))
    return tuple(sorted(found, key=lambda line: line[0] != "install_type"))


def sysid_entries(table: Mapping[str, object], path: Path, fault: Fault) -> tuple[SysidEntry, ...]:
    """The keywords of a sysidcfg."""
    known = tables("sysidcfg").keywords
    found = []
    for keyword, value in table.items():
        if keyword.lower() not in known:
            raise fault((*path, keyword), f"unknown key {keyword!r}: no keyword of sysidcfg")
        for each in value if isinstance(value, list) else [value]:
            found.append(_entry(keyword, each, (*path, keyword), fault))
    return tuple(found)


def _entry(keyword: str, value: object, path: Path, fault: Fault) -> SysidEntry:
    if not isinstance(value, dict):
        return SysidEntry(keyword, _text(value, path, fault))
    if "is" not in value:
        raise fault(path, f"{keyword}: a table wants the key 'is', its value")
    dependents = [
        SysidEntry(name, _joined(each, (*path, name), fault))
        for name, each in value.items()
        if name != "is"
    ]
    return SysidEntry(keyword, _text(value["is"], path, fault), tuple(dependents))


def _joined(value: object, path: Path, fault: Fault) -> str | None:
    """A list becomes ``a,b,c``, as name servers are written."""
    if not isinstance(value, list):
        return _text(value, path, fault)
    return ",".join(_text(each, path, fault) or "" for each in value)


def _text(value: object, path: Path, fault: Fault) -> str | None:
    if value is True:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and "\n" not in value:
        return value
    raise fault(path, f"{path[-1]}: wants a text of one line, a number, or true")
