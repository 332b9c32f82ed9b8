# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the entries of a sysidcfg, by the tables."""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.jumpstart.model import Entry, Problem, Severity, Sysidcfg
from mkboot.jumpstart.plain import is_foreign, shown
from mkboot.jumpstart.tables import Dependents, tables
from mkboot.jumpstart.telling import MAX_WORD, Teller

#: From the book of 9 9/04 on (D9 817-7225).
_SEVERAL = frozenset({"9", "10"})


def check_sysidcfg(value: Sysidcfg, teller: Teller) -> Iterator[Problem]:
    """The problems of all entries."""
    first: dict[str, Entry] = {}
    for entry in value.entries:
        yield from _entry(entry, teller)
        if entry.keyword in first:
            yield from _again(entry, first[entry.keyword], teller)
        first.setdefault(entry.keyword, entry)
    yield from _primaries(value, teller)


def _primaries(value: Sysidcfg, teller: Teller) -> Iterator[Problem]:
    marked = [e for e in value.entries if _is_primary(e)]
    for entry in marked[1:] if len({e.value for e in marked}) > 1 else ():
        message = f"the interface of line {marked[0].line} is primary already"
        yield teller.warning(entry.line, message, "one primary")


def _is_primary(entry: Entry) -> bool:
    if entry.keyword != "network_interface":
        return False
    return (entry.value or "").lower() == "primary" or entry.dependent("primary") is not None


def _again(entry: Entry, first: Entry, teller: Teller) -> Iterator[Problem]:
    if entry.keyword == "network_interface" and entry.value != first.value:
        what = "more than one network_interface"
        if teller.release is None:
            yield from teller.narrowed(what, _SEVERAL, entry.line)
        elif teller.release not in _SEVERAL:
            message = f"Solaris {teller.release} counts the network_interface of line {first.line}"
            yield teller.warning(entry.line, message)
        return
    message = f"{entry.keyword} stands in line {first.line} already, and the first counts"
    yield teller.warning(entry.line, message)


def _entry(entry: Entry, teller: Teller) -> Iterator[Problem]:
    known = tables("sysidcfg").keywords
    if entry.keyword == "primary":
        message = "primary stands alone: is network_interface=primary meant?"
        yield teller.warning(entry.line, message)
        yield from _dependents(entry, "network_interface", teller)
        return
    if entry.keyword not in known:
        yield _stray(entry, teller)
        return
    bare = entry.keyword == "network_interface" and not entry.value and entry.dependents
    if not bare:
        words = (entry.value,) if entry.value or entry.keyword == "root_password" else ()
        told = list(teller.judge(known[entry.keyword], tuple(w or "" for w in words), entry.line))
        yield from told
        if any(problem.severity is Severity.ERROR for problem in told):
            return
    if entry.keyword == "root_password":
        yield from _password(entry, teller)
    yield from _dependents(entry, entry.keyword, teller)


def _stray(entry: Entry, teller: Teller) -> Problem:
    """An unknown keyword, or one that belongs in braces."""
    rows = tables("sysidcfg").dependents
    owners = dict.fromkeys(
        k.partition("=")[0] for k, row in rows.items() if entry.keyword in row.kinds
    )
    if not owners:
        known = tables("sysidcfg").keywords
        return teller.unknown(entry.line, entry.keyword, known, "sysidcfg keyword", [])
    message = f"{entry.keyword} stands outside of braces"
    return teller.error(entry.line, message, f"it in the braces of {' or '.join(owners)}")


def _password(entry: Entry, teller: Teller) -> Iterator[Problem]:
    value = entry.value or ""
    if not value:
        yield teller.warning(entry.line, "root_password is empty: root needs no password")
    elif value.isalnum() and len(value) < 13 and value != "NP":
        message = f"root_password has {len(value)} characters, encrypted ones have 13: plain text?"
        yield teller.warning(entry.line, message)


def _dependents(entry: Entry, keyword: str, teller: Teller) -> Iterator[Problem]:
    takes = tables("sysidcfg").dependents
    value = (entry.value or "").lower()
    row = takes.get(f"{keyword}={value}") or takes.get(keyword)
    named = f"{keyword}={entry.value}" if entry.value else keyword
    if row is None:
        if entry.dependents:
            message = f"{named} has nothing in braces"
            yield teller.error(entry.dependents[0].line, message, "no braces")
        return
    seen: dict[str, Entry] = {}
    for dependent in entry.dependents:
        yield from _dependent(dependent, row, named, teller)
        if dependent.keyword in row.idle:
            yield teller.warning(dependent.line, f"{dependent.keyword} says nothing with {named}")
        if dependent.keyword in seen:
            message = f"{dependent.keyword} stands twice in the braces, and the first counts"
            yield teller.warning(dependent.line, message)
        seen.setdefault(dependent.keyword, dependent)
    yield from _together(entry, row, named, teller)


def _together(entry: Entry, row: Dependents, named: str, teller: Teller) -> Iterator[Problem]:
    for name in row.required:
        if entry.dependent(name) is None:
            yield teller.error(entry.line, f"{named} lacks {name}", f"{name}=... in the braces")
    for name, others in row.excludes.items():
        for other in others:
            found = entry.dependent(other)
            if entry.dependent(name) is not None and found is not None:
                message = f"{other} does not go with {name}"
                yield teller.error(found.line, message, "one of the two")


def _dependent(entry: Entry, row: Dependents, named: str, teller: Teller) -> Iterator[Problem]:
    if entry.keyword not in row.kinds:
        if row.any:
            return
        if not row.kinds:
            message = f"{named} takes no '{shown(entry.keyword)}'"
            yield teller.error(entry.line, message, "nothing in its braces")
        else:
            what = f"keyword of {named}"
            yield teller.unknown(entry.line, entry.keyword, row.kinds, what, [])
        return
    kind = row.kinds[entry.keyword]
    if is_foreign(entry.value or ""):
        return
    if kind is None and entry.value is not None:
        message = f"{entry.keyword} takes no value"
        yield teller.error(entry.line, message, f"{entry.keyword} alone")
    elif kind is None:
        yield from _narrowed(entry, row, teller)
    elif not entry.value:
        yield teller.error(entry.line, f"{entry.keyword}: a value is missing", kind.expected)
    elif len(entry.value) > MAX_WORD:
        message = f"{entry.keyword}: a word of {len(entry.value)} characters"
        yield teller.error(entry.line, message, "a shorter one")
    elif not kind.pattern.fullmatch(entry.value):
        message = f"{entry.keyword}: '{shown(entry.value)}' does not fit"
        yield teller.error(entry.line, message, kind.expected)
    else:
        yield from _value(entry, kind.name, teller)
        yield from _narrowed(entry, row, teller)


def _value(entry: Entry, kind: str, teller: Teller) -> Iterator[Problem]:
    """What the pattern of a value does not say."""
    value = entry.value or ""
    if kind == "dns_servers" and "(" in value:
        message = f"{entry.keyword}: for DNS the books want addresses alone"
        yield teller.warning(entry.line, message)
    if kind == "nis_server" and "(" not in value:
        message = f"{entry.keyword}: for NIS and NIS+ the books want NAME(IP address)"
        yield teller.warning(entry.line, message)
    if kind == "netmask" and _has_holes(value):
        message = f"{entry.keyword}: {value} has bits of the host between those of the network"
        yield teller.error(entry.line, message, "a netmask such as 255.255.255.0")


def _has_holes(netmask: str) -> bool:
    """Whether a netmask, in either form, is not ones and then zeros."""
    if "." in netmask:
        bits = int.from_bytes(bytes(int(number) for number in netmask.split(".")))
    else:
        bits = int(netmask, 16)
    rest = bits ^ 0xFFFFFFFF
    return rest & (rest + 1) != 0


def _narrowed(entry: Entry, row: Dependents, teller: Teller) -> Iterator[Problem]:
    releases = row.releases.get(entry.keyword, teller.baseline) & teller.baseline
    yield from teller.narrowed(entry.keyword, releases, entry.line)
