# SPDX-License-Identifier: Apache-2.0
"""``rules.ok`` as the install environment takes it: the version line, and the first rule that
fits the machine.

Sources: facts of 2.1 and 3.1 (JumpStart's rules file; what suninstall looks at).  The
checksum is not compared by suninstall, so it is not here either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.tree.names import show

#: A version above this is refused.
VERSION_MAX = 2
LIMIT = 1 << 20
_VERSION = re.compile(rb"# *version=([0-9]{1,9})")
#: Rule keywords that cannot fit where no network gave an address or a domain.
_NETWORK = frozenset({"hostaddress", "network", "domainname"})
_PLAIN = frozenset({"arch", "karch", "hostname", "model", "osname"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: conditions (negated or not, keyword, value), and what it names; ``-`` for none."""

    conditions: tuple[tuple[bool, str, str], ...]
    begin: str
    profile: str
    finish: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What the rule keywords are compared with; sizes in MB of 1048576 bytes."""

    arch: str
    karch: str
    memory_mb: int
    model: str
    hostname: str
    osname: str
    disks: Mapping[str, int]

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
        }[keyword]


def read_rules(text: bytes) -> tuple[Rule, ...]:
    """The rules.  ``InputError`` where suninstall would not take the file at all."""
    version = _VERSION.search(text)
    if version is None:
        raise InputError("has no version line, so it is not found", place=("rules.ok",))
    if int(version[1]) > VERSION_MAX:
        raise InputError(f"is of version {int(version[1])}", place=("rules.ok",))
    lines = [line.split(b"#")[0].split() for line in text.split(b"\n")]
    return tuple(_rule([w.decode("latin-1") for w in words]) for words in lines if words)


def _rule(words: list[str]) -> Rule:
    if words[0] == "probe":
        return Rule((), "-", "-", "-")
    if len(words) < 5 or (len(words) - 3) < 2:
        raise InputError(f"is no rule: {' '.join(words)}", place=("rules.ok",))
    conditions: list[tuple[bool, str, str]] = []
    at = 0
    while at < len(words) - 3:
        negated = words[at].startswith("!")
        keyword = words[at].lstrip("!")
        count = 2 if keyword in ("disksize", "installed") else 1
        conditions.append((negated, keyword, " ".join(words[at + 1 : at + 1 + count])))
        at += 1 + count
        if at < len(words) - 3:
            if words[at] != "&&":
                raise InputError(f"is no rule: {' '.join(words)}", place=("rules.ok",))
            at += 1
    return Rule(tuple(conditions), *words[-3:])


def first_match(rules: tuple[Rule, ...], probed: Probed) -> Rule | None:
    """The first rule whose conditions all hold."""
    return next((r for r in rules if r.conditions and _fits(r, probed)), None)


def _fits(rule: Rule, probed: Probed) -> bool:
    return all(_holds(keyword, value, probed) != no for no, keyword, value in rule.conditions)


def _holds(keyword: str, value: str, probed: Probed) -> bool:
    if keyword == "any":
        return True
    if keyword in _NETWORK:
        return False
    if keyword in ("memsize", "totaldisk"):
        return _in_range(int(probed.value(keyword)), value)
    if keyword == "disksize":
        disk, _, limits = value.partition(" ")
        return disk in probed.disks and _in_range(probed.disks[disk], limits)
    if keyword not in _PLAIN:
        raise NotModelled("chkprobe", (keyword.encode(), value.encode()), why="this rule keyword")
    return probed.value(keyword) == value.replace("'", "")


def _in_range(number: int, limits: str) -> bool:
    found = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", limits)
    return found is not None and int(found[1]) <= number <= int(found[2])


def safe_name(name: str) -> bytes:
    """The name of a script in the JumpStart directory.  ``InputError`` for what is none."""
    if "/" in name or name in (".", "..") or not name.isprintable():
        raise InputError(f"names no script: '{show(name.encode('latin-1'))}'", place=("rules.ok",))
    return name.encode("latin-1")
