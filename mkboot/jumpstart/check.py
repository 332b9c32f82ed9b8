# SPDX-License-Identifier: Apache-2.0
"""A whole JumpStart directory: rules, what they name, custom probes, sysidcfg files.

Nothing is written here; what ``rules.ok`` is to hold comes back with the problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mkboot.bourne import functions_of
from mkboot.errors import InputError
from mkboot.jumpstart.checksum import strip_rules, strip_script, with_checksum
from mkboot.jumpstart.model import (
    Probe,
    Problem,
    Profile,
    Rule,
    RulesFile,
    Severity,
    Sysidcfg,
    Unread,
)
from mkboot.jumpstart.okfile import check_ok
from mkboot.jumpstart.plain import decode, shown
from mkboot.jumpstart.profile import parse_profile
from mkboot.jumpstart.reading import MAX_FILE, Directory
from mkboot.jumpstart.rulechecks import is_windows
from mkboot.jumpstart.rules import NO_CUSTOM, Custom, custom_of, parse_rules
from mkboot.jumpstart.scripts import check_script
from mkboot.jumpstart.sysidcfg import parse_sysidcfg
from mkboot.jumpstart.tables import release_named

PROBES = "custom_probes"


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    ``rules_ok`` and ``custom_probes_ok`` are what those files are to hold; None where something
    is wrong (or there are no custom probes).  ``stale`` names those that are there and hold
    something else.  ``checked`` are the files that were looked at.
    """

    problems: tuple[Problem, ...]
    rules: RulesFile
    profiles: dict[str, Profile]
    sysidcfgs: dict[str, Sysidcfg]
    rules_ok: bytes | None
    custom_probes_ok: bytes | None
    stale: tuple[str, ...]
    checked: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong; warnings do not count."""
        return not any(problem.severity is Severity.ERROR for problem in self.problems)


def check_directory(
    path: Path, rules_name: str = "rules", release: str | None = None, *, trust_ok: bool = False
) -> CheckReport:
    """Check a JumpStart directory.

    ``release`` (any way that ``release_named`` takes) narrows what is valid to one release.
    With ``trust_ok`` existing ``.ok`` files are not looked at: they will be overwritten.
    Raises ``InputError`` where there is no directory or no rules file, ``CallerError`` for an
    unknown release.
    """
    chosen = None if release is None else release_named(release)
    if not path.is_dir():
        raise InputError("is no directory", place=(str(path),))
    directory = Directory(path)
    data = directory.read(rules_name)
    if isinstance(data, str):
        hint = "-r names another rules file"
        raise InputError(f"{rules_name} {data}", place=(str(path),), hint=hint)
    return _Check(directory, rules_name, chosen).run(data, trust_ok=trust_ok)


class _Check:
    def __init__(self, directory: Directory, rules_name: str, release: str | None) -> None:
        self.directory = directory
        self.rules_name = rules_name
        self.release = release
        self.problems: list[Problem] = []
        self.checked: dict[str, None] = {}
        self.profiles: dict[str, Profile] = {}
        self.sysidcfgs: dict[str, Sysidcfg] = {}

    def run(self, data: bytes, *, trust_ok: bool) -> CheckReport:
        probes, custom = self._custom_probes()
        self.checked[self.rules_name] = None
        rules, problems = parse_rules(data, self.rules_name, custom=custom, release=self.release)
        self.problems += problems
        self._named_files(rules)
        self._unnamed_profiles()
        self._sysidcfgs()
        stripped = strip_rules(data)
        rules_ok = self._ok(with_checksum(stripped))
        probes_ok = None if probes is None else self._ok(with_checksum(strip_script(probes)))
        stale = () if trust_ok else tuple(self._stale(stripped, probes))
        if not self._fine():
            rules_ok = probes_ok = None
        return CheckReport(
            self._in_order(), rules, self.profiles, self.sysidcfgs, rules_ok,
            probes_ok, stale, tuple(self.checked),
        )  # fmt: skip

    def _in_order(self) -> tuple[Problem, ...]:
        """By file, as they were looked at, and by line."""
        order = {name: number for number, name in enumerate(self.checked)}
        problems = dict.fromkeys(self.problems)
        return tuple(sorted(problems, key=lambda each: (order.get(each.file, 0), each.line)))

    def _fine(self) -> bool:
        return not any(problem.severity is Severity.ERROR for problem in self.problems)

    def _ok(self, content: bytes) -> bytes | None:
        return content if self._fine() else None

    def _stale(self, rules: bytes, probes: bytes | None) -> Iterator[str]:
        wanted = [("rules.ok", self.rules_name, rules)]
        if probes is not None:
            wanted.append((f"{PROBES}.ok", PROBES, strip_script(probes)))
        for name, source, stripped in wanted:
            data = self.directory.read(name)
            if isinstance(data, bytes):
                self.checked[name] = None
                problems, stale = check_ok(data, name, source, stripped)
                self.problems += problems
                if stale:
                    yield name

    def _custom_probes(self) -> tuple[bytes | None, Custom]:
        data = self.directory.read(PROBES)
        if isinstance(data, str):
            return None, NO_CUSTOM
        self._script(PROBES, data)
        custom = custom_of(functions_of(data)) if len(data) <= MAX_FILE else NO_CUSTOM
        if not custom.rules and not custom.probes:
            message = "no function probe_KEYWORD or cmp_KEYWORD"
            self._warn(PROBES, 1, message)
        return data, custom

    def _warn(self, name: str, line: int, message: str, expected: str = "") -> None:
        self.problems.append(Problem(name, line, Severity.WARNING, message, expected))

    def _script(self, name: str, data: bytes) -> None:
        if name not in self.checked:
            self.checked[name] = None
            self.problems += check_script(data, name, self.release)

    def _named_files(self, rules: RulesFile) -> None:
        for rule in rules.rules:
            for kind, name in (
                ("begin script", rule.begin), ("profile", rule.profile),
                ("finish script", rule.finish),
            ):  # fmt: skip
                if name not in ("-", "="):
                    self._named(rule, kind, name)

        for item in rules.items:
            if isinstance(item, Unread):
                self._meant(item)

    def _meant(self, item: Unread) -> None:
        """Files at the end of a rule that could not be read, so that one run tells everything."""
        words = decode(item.raw).replace("\\\n", " ").partition("#")[0].split()[-3:]
        for kind, name in zip(("begin", "profile", "finish"), words, strict=False):
            data = "" if name in ("-", "=") or not name.isprintable() else self._below(name)
            if isinstance(data, str) or len(words) < 3:
                continue
            if kind == "profile":
                self._profile(name, data)
            else:
                self._script(name, data)

    def _below(self, name: str) -> bytes | str:
        return "" if name.startswith("/") or ".." in name.split("/") else self.directory.read(name)

    def _named(self, rule: Rule | Probe, kind: str, name: str) -> None:
        if name.startswith("/") or ".." in name.split("/") or is_windows(name):
            return  # told of by the rules
        if self.directory.leads_out(name):
            message = f"the {kind} '{shown(name)}' is a link out of the directory"
            self._warn(self.rules_name, rule.line, message, "a file that the installer finds there")
        data = self.directory.read(name)
        if isinstance(data, str):
            message = f"the {kind} '{shown(name)}' {data}"
            expected = "a file of that name in the directory"
            problem = Problem(self.rules_name, rule.line, Severity.ERROR, message, expected)
            self.problems.append(problem)
        elif kind == "profile":
            self._profile(name, data)
        else:
            self._script(name, data)

    def _profile(self, name: str, data: bytes) -> None:
        if name not in self.profiles:
            self.checked[name] = None
            value, problems = parse_profile(data, name, release=self.release)
            self.profiles[name] = value
            self.problems += problems

    def _unnamed_profiles(self) -> None:
        """Profiles that no rule names, perhaps for begin scripts: what is wrong only warns."""
        for name in self.directory.names():
            if name in self.checked or name.endswith(".ok"):
                continue
            data = self.directory.read(name)
            if not isinstance(data, bytes) or b"install_type" not in data:
                continue
            value, problems = parse_profile(data, name, release=self.release)
            if value.lines and value.lines[0].keyword == "install_type":
                self.checked[name] = None
                self.profiles[name] = value
                self.problems += [each.milder("no rule names this file") for each in problems]

    def _sysidcfgs(self) -> None:
        """Those of the directory and of the two levels below it, as sites lay them out."""
        for name in ("sysidcfg", *(f"{folder}/sysidcfg" for folder in self.directory.below(2))):
            data = self.directory.read(name)
            if isinstance(data, bytes):
                self.checked[name] = None
                value, problems = parse_sysidcfg(data, name, release=self.release)
                self.sysidcfgs[name] = value
                self.problems += problems
            elif not data.endswith(("is not there", "a directory")):
                self.checked[name] = None
                self.problems.append(Problem(name, 1, Severity.ERROR, f"the file {data}", "a file"))
