# SPDX-License-Identifier: Apache-2.0
"""What is wrong with rules that can be read: sizes turned round, rules that nobody reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkboot.jumpstart.model import Pair, Problem, Rule, RulesFile
from mkboot.jumpstart.plain import shown
from mkboot.jumpstart.telling import Teller

_RANGES = ("memsize", "disksize", "totaldisk")
_COMPARED = ("hostname", "domainname", "model")


def check_rules(value: RulesFile, teller: Teller, *, unreadable: bool) -> Iterator[Problem]:
    """The problems of the rules; ``unreadable`` says that others were told of already."""
    if not value.rules and not unreadable:
        yield teller.error(1, "there is no rule in the file", "at least one rule")
    for rule in value.rules:
        for pair in rule.pairs:
            yield from _check_pair(pair, teller)
        yield from _check_names(rule, teller)
    yield from _unreached(value, teller)


def _check_pair(pair: Pair, teller: Teller) -> Iterator[Problem]:
    value = pair.values[-1] if pair.values else ""
    limits = re.fullmatch(r"([0-9]{1,12})-([0-9]{1,12})", value)
    if pair.keyword in _RANGES and limits and int(limits[1]) > int(limits[2]):
        message = f"{pair.keyword}: {value} begins with the larger number"
        yield teller.error(pair.line, message, f"{limits[2]}-{limits[1]}")
    if pair.keyword == "network" and re.search(
        r"(?<![0-9])(25[6-9]|2[6-9][0-9]|[3-9][0-9]{2})", value
    ):
        message = f"network: no network has the number {value}"
        yield teller.warning(pair.line, message)
    if pair.keyword in _COMPARED and re.search(r"[*?\[\]]", value):
        yield teller.warning(
            pair.line, f"{pair.keyword}: '{value}' is compared as it stands: "
            "the books know no wildcards here",
        )  # fmt: skip


def _check_names(rule: Rule, teller: Teller) -> Iterator[Problem]:
    if rule.profile == "=" and rule.begin == "-":
        message = "profile '=' without a begin script: nobody writes the profile"
        yield teller.error(rule.line, message, "a begin script that writes ${SI_PROFILE}")
    for what, name in (("begin script", rule.begin), ("finish script", rule.finish)):
        if name == "=":
            yield teller.error(rule.line, f"'=' is no {what}", "the name of a script, or -")
    if rule.profile == "-" and rule.begin == rule.finish == "-":
        message = "no begin script, profile or finish script: such a machine is not installed"
        yield teller.warning(rule.line, message)
    for name in (rule.begin, rule.profile, rule.finish):
        if name.startswith("/") or ".." in name.split("/"):
            message = f"'{shown(name)}' is not in the JumpStart directory"
            yield teller.error(rule.line, message, "a name below it")
        elif is_windows(name):
            message = f"'{shown(name)}' is a Windows path"
            yield teller.error(rule.line, message, "a name below the JumpStart directory, with /")


def is_windows(name: str) -> bool:
    """Whether a name is written as Windows has it."""
    return "\\" in name or bool(re.match(r"[A-Za-z]:", name))


def _unreached(value: RulesFile, teller: Teller) -> Iterator[Problem]:
    """Rules behind one that matches every machine."""
    catcher: Rule | None = None
    for rule in value.rules:
        if catcher is not None:
            message = f"never reached: the rule in line {catcher.line} matches every machine"
            yield teller.warning(rule.line, message)
        elif all(pair.keyword == "any" and not pair.negated for pair in rule.pairs):
            catcher = rule
