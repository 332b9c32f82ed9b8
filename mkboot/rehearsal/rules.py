# SPDX-License-Identifier: Apache-2.0
"""``rules.ok`` as the install environment takes it: the version line, and the first rule that
fits the machine.

Sources: facts of 2.1 and 3.1 (JumpStart's rules file; what suninstall looks at).  The
checksum is not compared by suninstall, so it is not here either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.tree.names import show

#: A version above this is refused.
VERSION_MAX = 2
LIMIT = 1 << 20
_VERSION = re.compile(rb"# *version=([0-9]{1,9})")
_PLAIN = frozenset({"arch", "karch", "hostname", "model", "osname", "domainname", "hostaddress"})
#: What a line of rules consists of; in quotes there may be blanks (a model of 2.6 and 7).
_WORD = re.compile(rb"(?:'[^'\n]*'|\"[^\"\n]*\"|[^\s'\"])+")
_TWO_VALUES = frozenset({"disksize", "installed"})
#: The releases that ``upgrade`` compares.
_ORDER = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.5.1", "2.6", "7", "8", "9", "10")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: conditions (negated or not, keyword, value), and what it names; ``-`` for none."""

    conditions: tuple[tuple[bool, str, str], ...]
    begin: str
    profile: str
    finish: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What the rule keywords are compared with; sizes in MB of 1048576 bytes.

    Empty where nothing gave an address or a domain.  ``installed`` are slices with the release
    that is on them (``c0t0d0s0`` to ``Solaris_8``), None where nobody said; ``rootdisk`` is the
    name of a disk.
    """

    arch: str
    karch: str
    memory_mb: int
    model: str
    hostname: str
    osname: str
    disks: Mapping[str, int]
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    domain: str = ""
    installed: Mapping[str, str] | None = None
    rootdisk: str = ""

    def value(self, keyword: str) -> str:
        """What a keyword is found to be, as text."""
        return {
            "arch": self.arch,
            "karch": self.karch,
            "hostname": self.hostname,
            "model": self.model.replace(" ", "_"),
            "osname": self.osname,
            "memsize": str(self.memory_mb),
            "totaldisk": str(sum(self.disks.values())),
            "domainname": self.domain,
            "hostaddress": self.addresses[0] if self.addresses else "",
        }[keyword]


def read_rules(text: bytes) -> tuple[Rule, ...]:
    """The rules.  ``InputError`` where suninstall would not take the file at all."""
    version = _VERSION.search(text)
    if version is None:
        raise InputError("has no version line, so it is not found", place=("rules.ok",))
    if int(version[1]) > VERSION_MAX:
        raise InputError(f"is of version {int(version[1])}", place=("rules.ok",))
    joined = text.replace(b"\\\n", b" ").split(b"\n")
    lines = [_WORD.findall(line.split(b"#")[0]) for line in joined]
    return tuple(_rule([w.decode("latin-1") for w in words]) for words in lines if words)


def _rule(words: list[str]) -> Rule:
    if words[0] == "probe":
        return Rule((), "-", "-", "-")
    conditions: list[tuple[bool, str, str]] = []
    at, end = 0, len(words) - 3
    while at < end:
        negated = words[at].startswith("!")
        if words[at] == "!":  # apart from its keyword
            at += 1
        keyword = words[at].lstrip("!")
        count = 2 if keyword in _TWO_VALUES else 1
        conditions.append((negated, keyword, " ".join(words[at + 1 : at + 1 + count])))
        at += 1 + count
        if at < end and words[at] != "&&":
            raise InputError(f"is no rule: {' '.join(words)}", place=("rules.ok",))
        at += at < end
    if not conditions or at != end:
        raise InputError(f"is no rule: {' '.join(words)}", place=("rules.ok",))
    return Rule(tuple(conditions), *words[-3:])


#: Asks a probe of the site's own: keyword and value; whether it holds.
Custom = Callable[[str, str], bool]


def _unknown(keyword: str, value: str) -> bool:
    raise NotModelled("chkprobe", (keyword.encode(), value.encode()), why="this rule keyword")


def first_match(rules: tuple[Rule, ...], probed: Probed, custom: Custom = _unknown) -> Rule | None:
    """The first rule whose conditions all hold; ``custom`` judges keywords of the site's own."""
    return next((r for r in rules if r.conditions and _fits(r, probed, custom)), None)


def _fits(rule: Rule, probed: Probed, custom: Custom) -> bool:
    return all(_holds(k, value, probed, custom) != no for no, k, value in rule.conditions)


def _holds(keyword: str, value: str, probed: Probed, custom: Custom) -> bool:
    if keyword in ("any", "probe"):
        return True
    if keyword in ("memsize", "totaldisk"):
        return _in_range(int(probed.value(keyword)), value)
    if keyword == "disksize":
        disk, _, limits = value.partition(" ")
        disk = probed.rootdisk if disk == "rootdisk" else disk
        return disk in probed.disks and _in_range(probed.disks[disk], limits)
    if keyword == "network":
        return value in probed.networks
    if keyword == "installed":
        return _installed(value, probed)
    if keyword not in _PLAIN:
        return custom(keyword, value)
    return bool(value) and probed.value(keyword) == _plain(keyword, value)


def _plain(keyword: str, value: str) -> str:
    """Quotes count for nothing, and in a model a blank is written as ``_``."""
    bare = value.replace("'", "").replace('"', "")
    return bare.replace(" ", "_") if keyword == "model" else bare


def _installed(value: str, probed: Probed) -> bool:
    """``SLICE VERSION``, ``rootdisk VERSION`` or ``any VERSION``."""
    if probed.installed is None:
        _unknown("installed", value)
    where, _, version = value.partition(" ")
    found = [
        has
        for slice_, has in (probed.installed or {}).items()
        if where in ("any", slice_)
        or (where == "rootdisk" and slice_.rpartition("s")[0] == probed.rootdisk)
    ]
    if version == "upgrade":
        medium = probed.osname.partition("_")[2]
        return any(_older(has.partition("_")[2], medium) for has in found)
    return bool(found) and (version == "any" or version in found)


def _older(has: str, medium: str) -> bool:
    """Whether a release can be upgraded by a medium."""
    new = re.sub(r"^2\.(?=7|8|9|10)", "", medium)
    return has in _ORDER and new in _ORDER and _ORDER.index(has) <= _ORDER.index(new)


def _in_range(number: int, limits: str) -> bool:
    """``min-max``, both included; one number is a range of one."""
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", limits)
    return found is not None and int(found[1]) <= number <= int(found[2] or found[1])


def safe_name(name: str) -> bytes:
    """The name of a script in the JumpStart directory.  ``InputError`` for what is none."""
    if "/" in name or name in (".", "..") or not name.isprintable():
        raise InputError(f"names no script: '{show(name.encode('latin-1'))}'", place=("rules.ok",))
    return name.encode("latin-1")
