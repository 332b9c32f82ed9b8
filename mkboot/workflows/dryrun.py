# SPDX-License-Identifier: Apache-2.0
"""Which rule of a JumpStart directory a machine would match, and what its profile would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.bourne.lint import functions_of
from mkboot.errors import CallerError
from mkboot.jumpstart import (
    Problem,
    RulesFile,
    Severity,
    Sysidcfg,
    parse_profile,
    parse_rules,
    parse_sysidcfg,
    release_named,
)
from mkboot.jumpstart.check import PROBES
from mkboot.jumpstart.layout import DiskLayout, Layout, SliceLayout, lay_out
from mkboot.jumpstart.machine import Machine, machine_of
from mkboot.jumpstart.match import Answer, Matching, Tried, match_rules
from mkboot.jumpstart.reading import Directory
from mkboot.jumpstart.rules import custom_of
from mkboot.jumpstart.sizes import Range
from mkboot.model.hostfile import HostFile, load_host_file
from mkboot.tree.names import show

#: The rules as they are written, and as check leaves them.
RULES = ("rules", "rules.ok")


@dataclass(frozen=True, slots=True)
class DryRun:
    """What came out.  ``layout`` is None without a profile to lay out."""

    matching: Matching
    layout: Layout | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the machine would be installed, as far as that can be seen."""
        return self.matching.chosen is not None and not self.problems

    def as_json(self) -> Mapping[str, object]:
        """The document that ``dryrun --json`` prints."""
        chosen = self.matching.chosen
        rule = chosen.rule if chosen is not None else None
        return {
            "rule": rule_text(chosen) if chosen is not None else None,
            "begin": rule.begin if rule is not None else None,
            "profile": rule.profile if rule is not None else None,
            "finish": rule.finish if rule is not None else None,
            "disks": [_disk(disk) for disk in self.layout.disks] if self.layout else [],
            "problems": [str(problem) for problem in self.problems],
            "line": rule.line if rule is not None else None,
            "rootdisk": self.layout.rootdisk if self.layout else "",
            "before": [_tried(each) for each in self.matching.before],
            "notes": list(self.notes),
        }


def rule_text(tried: Tried) -> str:
    """A rule on one line, as it is written but for comments and blanks."""
    rule = tried.rule
    pairs = " && ".join(pair.wants for pair in tried.pairs)
    return f"{pairs} {rule.begin} {rule.profile} {rule.finish}"


def _tried(tried: Tried) -> Mapping[str, object]:
    pairs = [
        {"line": p.line, "wants": p.wants, "has": p.has, "answer": p.answer} for p in tried.pairs
    ]
    return {
        "line": tried.rule.line,
        "rule": rule_text(tried),
        "answer": tried.answer,
        "pairs": pairs,
    }


def _disk(disk: DiskLayout) -> Mapping[str, object]:
    return {
        "name": disk.name,
        "cylinders": disk.cylinders,
        "cylinder_sectors": disk.cylinder_sectors,
        "slices": disk_document(disk),
    }


def disk_document(disk: DiskLayout) -> list[dict[str, object]]:
    """The slices of a disk, as ``dryrun --json`` prints them."""
    return [_slice(each) for each in disk.slices]


def _slice(each: SliceLayout) -> dict[str, object]:
    """Numbers where they are known; else null, and the bounds under ``range``."""
    values = {"start_cylinder": each.start, "cylinders": each.cylinders, "mb": each.mb}
    known = {name: value.low if value.known else None for name, value in values.items()}
    ranges = {name: _bounds(value) for name, value in values.items() if not value.known}
    document: dict[str, object] = {"number": each.number, **known, "holds": each.holds}
    if ranges:
        document["range"] = ranges
    if each.note:
        document["note"] = each.note
    return document


def _bounds(value: Range) -> list[int]:
    return [value.low, value.high]


def dry_run(folder: Path, host_file: Path, release: str | None) -> DryRun:
    """Try a machine on a JumpStart directory.

    Raises ``CallerError`` for a directory without rules, or a release that is none, and
    ``InputError`` for a HOST file that cannot be meant.
    """
    wanted = release_named(release) if release is not None else None
    host = load_host_file(host_file)
    return dry_run_host(folder, host, wanted)


def dry_run_host(folder: Path, host: HostFile, release: str | None) -> DryRun:
    """The same for a machine that was read already."""
    release = release or host.release or None
    rules, problems = read_rules(folder, release)
    sysidcfg = read_sysidcfg(folder, host.hostname, release)
    machine = machine_of(host, release or "", sysidcfg)
    matching = match_rules(rules, machine)
    problems += _open_rules(matching, folder)
    notes: list[str] = []
    layout = None
    if matching.chosen is not None:
        layout, more, notes = _profile(folder, matching.chosen, machine)
        problems += more
        problems += _scripts(folder, matching.chosen)
    errors = tuple(dict.fromkeys(p for p in problems if p.severity is Severity.ERROR))
    return DryRun(matching, layout, errors, tuple(notes))


def read_rules(folder: Path, release: str | None) -> tuple[RulesFile, list[Problem]]:
    """The rules of a directory, and what is wrong with them."""
    name = _rules_name(folder)
    probes = _read(folder, PROBES) if (folder / PROBES).is_file() else b""
    custom = custom_of(functions_of(probes))
    rules, problems = parse_rules(_read(folder, name), name, custom=custom, release=release)
    return rules, list(problems)


def _rules_name(folder: Path) -> str:
    name = next((n for n in RULES if (folder / n).is_file()), None)
    if name is None:
        raise CallerError(f"{folder} has no file rules", hint="mkboot render makes a directory")
    return name


def read_sysidcfg(folder: Path, hostname: str, release: str | None) -> Sysidcfg | None:
    """The host's own sysidcfg (``HOST/sysidcfg``), else the directory's, if there is one.

    What is wrong with it is the matter of ``check``.
    """
    for name in (f"{hostname}/sysidcfg", "sysidcfg") if hostname else ("sysidcfg",):
        if (folder / name).is_file():
            return parse_sysidcfg(_read(folder, name), name, release=release)[0]
    return None


def _read(folder: Path, name: str) -> bytes:
    """A file of the directory; ``CallerError`` where it cannot be read or is none of its kind."""
    data = Directory(folder).read(name)
    if isinstance(data, str):
        raise CallerError(f"{folder / name} {data}")
    return data


def _open_rules(matching: Matching, folder: Path) -> list[Problem]:
    """A rule that might match comes first if it does, so the answer is not sure."""
    name = _rules_name(folder)
    found = []
    for tried in matching.open:
        unknown = next(p for p in tried.pairs if p.answer is Answer.UNKNOWN)
        text = f"whether this rule matches cannot be known: {unknown.wants}: {unknown.has}"
        found.append(Problem(name, tried.rule.line, Severity.ERROR, text))
    return found


def _profile(
    folder: Path, chosen: Tried, machine: Machine
) -> tuple[Layout | None, list[Problem], list[str]]:
    name = chosen.rule.profile
    if name == "-":
        told = "no profile: the begin and finish scripts do everything, no layout is made"
        return None, [], [told]
    if name == "=":
        return None, [], ["the begin script writes the profile: its layout cannot be known here"]
    missing = _missing(folder, name, chosen)
    if missing is not None:
        return None, [missing], []
    profile, problems = parse_profile(_read(folder, name), name, release=machine.release or None)
    layout = lay_out(profile, machine, name)
    return layout, [*problems, *layout.problems], list(layout.notes)


def _scripts(folder: Path, chosen: Tried) -> list[Problem]:
    names = (chosen.rule.begin, chosen.rule.finish)
    found = (_missing(folder, name, chosen) for name in names if name != "-")
    return [problem for problem in found if problem is not None]


def _missing(folder: Path, name: str, chosen: Tried) -> Problem | None:
    """A file that a rule names: below the directory, as ``Drivers/finish.driver`` is."""
    inside = not name.startswith("/") and ".." not in name.split("/") and "\0" not in name
    if inside and (folder / name).is_file():
        return None
    text = f"{show(name.encode('utf-8', 'surrogateescape'))} is not in the directory"
    return Problem("rules", chosen.rule.line, Severity.ERROR, text)
