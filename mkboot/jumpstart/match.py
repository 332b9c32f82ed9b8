# SPDX-License-Identifier: Apache-2.0
"""Which rule a machine matches, and why those before it do not (facts/media-jumpstart 3.1).

Pairs are looked at one by one: what the machine has, what the rule wants.  What cannot be
known here (a probe of the site's own, a domain that nobody named) is neither a yes nor a
no, and is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mkboot.jumpstart.machine import ORDER, Machine, installed_name, root_slice
from mkboot.jumpstart.model import Pair, Rule, RulesFile
from mkboot.jumpstart.sizes import disk_mb
from mkboot.model.hostfile import HostDisk


class Answer(StrEnum):
    """Whether something matches."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Looked:
    """A pair that was looked at: ``wants`` as the rule says it, ``has`` the machine's."""

    line: int
    keyword: str
    wants: str
    has: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was tried."""

    rule: Rule
    pairs: tuple[Looked, ...]

    @property
    def answer(self) -> Answer:
        """All pairs must match: one no is enough, one that is not known leaves it open."""
        answers = {pair.answer for pair in self.pairs}
        if Answer.NO in answers:
            return Answer.NO
        return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


@dataclass(frozen=True, slots=True)
class Matching:
    """``chosen`` is the first rule that surely matches; ``before`` those tried in vain."""

    chosen: Tried | None
    before: tuple[Tried, ...]

    @property
    def open(self) -> tuple[Tried, ...]:
        """Rules before that might match."""
        return tuple(each for each in self.before if each.answer is Answer.UNKNOWN)


def match_rules(rules: RulesFile, machine: Machine) -> Matching:
    """Try the rules from the top; what stands behind the first match is not read."""
    before: list[Tried] = []
    for rule in rules.rules:
        tried = Tried(rule, tuple(look(pair, machine) for pair in rule.pairs))
        if tried.answer is Answer.YES:
            return Matching(tried, tuple(before))
        before.append(tried)
    return Matching(None, tuple(before))


def look(pair: Pair, machine: Machine) -> Looked:
    """One pair."""
    judge = _JUDGES.get(pair.keyword)
    if judge is None:
        has, answer = "a probe of the site's own, which only the machine can run", Answer.UNKNOWN
    else:
        has, answer = judge(pair.values, machine)
    if pair.negated and answer is not Answer.UNKNOWN:
        answer = Answer.NO if answer is Answer.YES else Answer.YES
    wants = " ".join([("!" if pair.negated else "") + pair.keyword, *pair.values])
    return Looked(pair.line, pair.keyword, wants, has, answer)


_Judged = tuple[str, Answer]
_Values = tuple[str, ...]


def _is(found: bool) -> Answer:
    return Answer.YES if found else Answer.NO


def _value(values: _Values, at: int = 0) -> str:
    return values[at] if at < len(values) else ""


def _word(name: str, has: Callable[[Machine], str]) -> Callable[[_Values, Machine], _Judged]:
    """A keyword whose one value is compared as it stands."""

    def judge(values: _Values, machine: Machine) -> _Judged:
        found = has(machine)
        return found or f"no {name}", _is(bool(found) and found == _value(values))

    return judge


def _any(values: _Values, machine: Machine) -> _Judged:
    del values, machine
    return "any machine", Answer.YES


def _model(values: _Values, machine: Machine) -> _Judged:
    """Blanks count as ``_`` and quotes for nothing, on both sides."""
    has, wants = _plain(machine.host.model), _plain(_value(values))
    if not has:
        return "a model that the HOST file does not name", Answer.UNKNOWN
    return has, _is(has == wants)


def _plain(model: str) -> str:
    return re.sub(r"\s", "_", model.replace("'", ""))


def _domainname(values: _Values, machine: Machine) -> _Judged:
    if machine.domain is None:
        return "a domain that neither the HOST file nor sysidcfg names", Answer.UNKNOWN
    wants = _value(values)
    return machine.domain or "no domain", _is(bool(wants) and machine.domain == wants)


def _osname(values: _Values, machine: Machine) -> _Judged:
    if not machine.release:
        return "a medium whose release nobody named (--release R)", Answer.UNKNOWN
    return f"Solaris_{machine.release}", _is(f"Solaris_{machine.release}" == _value(values))


def _hostaddress(values: _Values, machine: Machine) -> _Judged:
    """The first address that ``ifconfig -a`` shows, none else."""
    if not machine.addresses:
        return "no address", Answer.NO
    first = machine.addresses[0].address
    return first, _is(first == _value(values))


def _network(values: _Values, machine: Machine) -> _Judged:
    numbers = machine.networks
    return ", ".join(numbers) or "no network", _is(_value(values) in numbers)


def _memsize(values: _Values, machine: Machine) -> _Judged:
    has = machine.host.memory_mb
    return f"{has} MB", _in_range(has, _value(values))


def _totaldisk(values: _Values, machine: Machine) -> _Judged:
    has = machine.total_mb
    return f"{has} MB on {len(machine.host.disks)} disks", _in_range(has, _value(values))


def _disksize(values: _Values, machine: Machine) -> _Judged:
    name = _value(values)
    disk = machine.rootdisk if name == "rootdisk" else machine.disk(name)
    if disk is None:
        return f"no disk {name}", Answer.NO
    return f"{disk.name} with {disk_mb(disk)} MB", _in_range(disk_mb(disk), _value(values, 1))


def _in_range(has: int, text: str) -> Answer:
    """``min-max`` in MB, both ends included; a bare number is a range of one."""
    found = re.fullmatch(r"(\d{1,12})(?:-(\d{1,12}))?", text)
    return _is(found is not None and int(found[1]) <= has <= int(found[2] or found[1]))


def _installed(values: _Values, machine: Machine) -> _Judged:
    """A release on a slice, on the root disk, or on any disk."""
    where, version = _value(values), _value(values, 1)
    there = [disk for disk in _places(where, machine) if disk.installed]
    if not there:
        return f"nothing installed on {_place_words(where)}", Answer.NO
    answers = [_version(installed_name(disk), version, machine.release) for disk in there]
    has = ", ".join(f"{installed_name(disk)} on {root_slice(disk)}" for disk in there)
    if Answer.YES in answers:
        return has, Answer.YES
    return has, Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def _places(where: str, machine: Machine) -> Iterator[HostDisk]:
    for disk in machine.host.disks:
        root = machine.rootdisk
        is_root = root is not None and disk.name == root.name
        if where == "any" or (where == "rootdisk" and is_root) or where == root_slice(disk):
            yield disk


def _place_words(where: str) -> str:
    return "any disk" if where == "any" else where


def _version(has: str, wants: str, medium: str) -> Answer:
    if wants != "upgrade":
        return _is(wants == "any" or wants == has)
    old = has.removeprefix("Solaris_")
    if old not in ORDER or old == "2.0":
        return Answer.NO
    if medium not in ORDER:
        return Answer.UNKNOWN
    return _is(ORDER.index(old) <= ORDER.index(medium))


def _probe(values: _Values, machine: Machine) -> _Judged:
    """No condition: it only sets variables."""
    del values, machine
    return "no condition", Answer.YES


_JUDGES: Mapping[str, Callable[[_Values, Machine], _Judged]] = {
    "any": _any,
    "arch": _word("arch", lambda m: m.arch),
    "disksize": _disksize,
    "domainname": _domainname,
    "hostaddress": _hostaddress,
    "hostname": _word("hostname", lambda m: m.hostname),
    "installed": _installed,
    "karch": _word("karch", lambda m: m.host.karch),
    "memsize": _memsize,
    "model": _model,
    "network": _network,
    "osname": _osname,
    "probe": _probe,
    "totaldisk": _totaldisk,
}
